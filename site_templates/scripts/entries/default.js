/* A page without controls of its own. */

import { startPage } from "../common.js";

startPage();
