import { loadClosedTimes } from "../closed_loader.js";
import { startPage } from "../common.js";
import { enableFilters } from "../filters.js";
import { showSiteAge } from "../site_age.js";
import { enableSorting } from "../sort.js";
import { loadView } from "../view_loader.js";

startPage();
showSiteAge();
loadClosedTimes();
enableSorting();
enableFilters();
loadView();
