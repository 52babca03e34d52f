import { loadClosedTimes } from "../closed_loader.js";
import { startPage } from "../common.js";
import { enableCopying } from "../copy.js";
import { showSiteAge } from "../site_age.js";
import { enableSorting } from "../sort.js";

startPage();
showSiteAge();
loadClosedTimes();
enableSorting();
enableCopying();
