import { loadClosedRules } from "../closed_rules.js";
import { startPage } from "../common.js";
import { enableCopying } from "../copy.js";
import { showSiteAge } from "../site_age.js";
import { enableSorting } from "../sort.js";

startPage();
showSiteAge();
loadClosedRules();
enableSorting();
enableCopying();
