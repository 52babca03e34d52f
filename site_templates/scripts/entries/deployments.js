import { startPage } from "../common.js";
import { enableFilters } from "../filters.js";
import { showSiteAge } from "../site_age.js";

startPage();
showSiteAge();
enableFilters();
