import { addAnchors } from "../anchors.js";
import { startPage } from "../common.js";
import { enableSorting } from "../sort.js";

startPage();
enableSorting();
addAnchors();
