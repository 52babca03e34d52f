import { loadClosedTimes } from "../closed_loader.js";
import { enableColumns } from "../columns.js";
import { startPage } from "../common.js";
import { enableFilters } from "../filters.js";
import { showSiteAge } from "../site_age.js";
import { enableSorting } from "../sort.js";
import { countLastWeek } from "../week.js";

startPage();
showSiteAge();
loadClosedTimes();
countLastWeek();
enableSorting();
enableColumns();
enableFilters();
