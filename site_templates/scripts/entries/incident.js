import { startPage } from "../common.js";
import { showIncident } from "../incident.js";
import { showSiteAge } from "../site_age.js";

startPage();
showSiteAge();
showIncident();
