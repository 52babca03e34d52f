import { startPage } from "../common.js";
import { enableCopying } from "../copy.js";
import { enableProductForm } from "../product_form.js";

startPage();
enableCopying();
enableProductForm();
