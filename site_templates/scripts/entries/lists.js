import { startPage } from "../common.js";
import { showSiteAge } from "../site_age.js";
import { enableSorting } from "../sort.js";

startPage();
showSiteAge();
enableSorting();
