/* The page that is shown for an address without a page: the search begins with a part of it. */

import { startPage } from "../common.js";
import { searchField } from "../search_box.js";

function nameInAddress() {
  const parts = location.pathname.split("/")
    .filter((part) => part && !/^(products|environments|deployments|index\.html|404\.html)$/.test(part));
  if (!parts.length || location.protocol === "file:") { return ""; }
  try { return decodeURIComponent(parts[0]).replace(/\.html$/, ""); } catch { return ""; }
}

startPage();
const field = searchField();
if (field) {
  field.value = nameInAddress();
  field.focus();
}
