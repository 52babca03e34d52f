import { startPage } from "../common.js";
import { enableCompare } from "../compare.js";
import { enableFilters } from "../filters.js";
import { showSiteAge } from "../site_age.js";
import { enableSorting } from "../sort.js";

startPage();
showSiteAge();
enableSorting();
enableFilters();
enableCompare();
