import { enableMoments } from "../as_it_was.js";
import { startPage } from "../common.js";

startPage();
enableMoments();
