/* The list of keys, which a page loads when the reader first asks for it. */

import { startKeysList } from "../keys_list.js";

startKeysList();
