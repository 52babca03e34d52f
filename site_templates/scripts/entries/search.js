/* The search, which a page loads when the reader first uses the search field. */

import { startSearch } from "../search_panel.js";

startSearch();
