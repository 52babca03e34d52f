/* A page with nothing to do but to be read. */

import { startPage } from "../common.js";

startPage();
