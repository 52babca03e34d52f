import { startPage } from "../common.js";
import { enableCopying } from "../copy.js";
import { showSiteAge } from "../site_age.js";
import { enableSorting } from "../sort.js";

startPage();
showSiteAge();
enableSorting();
enableCopying();
