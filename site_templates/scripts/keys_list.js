/* The list of the keys of a page. */

import { make } from "./dom.js";

const KEYS = [
  ["/", "Search"],
  ["j, ↓", "Next row"],
  ["k, ↑", "Row before"],
  ["Enter", "Open the row"],
  ["Escape", "Close a menu or this list"],
  ["?", "Show the keys"],
];

function makeList() {
  const list = make("dl");
  for (const [key, text] of KEYS) {
    const pair = make("div");
    const name = make("dt");
    name.append(make("kbd", "", key));
    pair.append(name, make("dd", "", text));
    list.append(pair);
  }
  return list;
}

function makeDialog() {
  const dialog = make("dialog", "keys");
  const title = make("h2", "", "Keys");
  title.id = "keys-title";
  dialog.setAttribute("aria-labelledby", title.id);
  const button = make("button", "plain", "Close");
  button.addEventListener("click", () => dialog.close());
  dialog.append(title, makeList(), button);
  document.body.append(dialog);
  return dialog;
}

export function startKeysList() {
  const dialog = makeDialog();
  window.versionerKeys = () => { if (!dialog.open) { dialog.showModal(); } };
  window.versionerKeys();
}
