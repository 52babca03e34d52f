/* Permanent addresses: the first cell of each row of a month becomes a link to the row. */

import { all, make } from "./dom.js";

export function addAnchors() {
  for (const heading of all("tr[id] > th")) {
    if (heading.querySelector("a")) { continue; }
    const link = make("a");
    link.href = `#${encodeURI(heading.parentNode.id)}`;
    link.append(...heading.childNodes);
    heading.append(link);
  }
}
