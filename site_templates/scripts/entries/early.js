/* What a page needs before it is painted: this script is loaded in the head, and waited for. */

import { showChosen } from "../chosen.js";

showChosen();
