import { startPage } from "../common.js";
import { enableFilters } from "../filters.js";
import { enableSorting } from "../sort.js";

startPage();
enableSorting();
enableFilters();
