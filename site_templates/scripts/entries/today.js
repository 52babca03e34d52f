import { startPage } from "../common.js";
import { showSiteAge } from "../site_age.js";

startPage();
showSiteAge();
