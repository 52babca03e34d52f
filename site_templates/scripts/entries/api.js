import { startPage } from "../common.js";
import { enableTrying } from "../try_endpoint.js";

startPage();
enableTrying();
