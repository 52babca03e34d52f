/* The panel below the search field: what was found, and the keys that move through it. */

import { all, make } from "./dom.js";
import { addressOf, openIndex } from "./search_index.js";

const MOST_SHOWN = 24;

function resultItem(entry) {
  const item = make("li");
  const link = make("a");
  link.href = addressOf(entry);
  link.append(make("b", "", entry.text), make("span", "", entry.kind));
  item.append(link);
  return item;
}

function summary({ entries, isLoading, hasMore }) {
  if (entries.length > MOST_SHOWN || (entries.length && hasMore)) {
    return `The first ${Math.min(entries.length, MOST_SHOWN)} found; type more to narrow the search`;
  }
  if (entries.length) { return `${entries.length} found`; }
  return isLoading ? "Loading…"
    : "Nothing found. Try a product, a team, a person, or the beginning of a version or a commit.";
}

export function startSearch() {
  const box = document.querySelector("[data-search]");
  const input = box.querySelector("input");
  const panel = box.querySelector(".results");
  const list = panel.querySelector("ul");
  const note = panel.querySelector("[data-found]");
  const find = openIndex(show, () => { note.textContent = "The search index cannot be loaded."; });

  function show() {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    panel.hidden = !words.length;
    list.textContent = "";
    note.textContent = "";
    if (!words.length) { return; }
    const found = find(words);
    list.append(...found.entries.slice(0, MOST_SHOWN).map(resultItem));
    note.textContent = summary(found);
  }

  function close() {
    panel.hidden = true;
    input.focus();
  }

  function move(event) {
    const links = all("a", list);
    const at = links.indexOf(document.activeElement);
    const action = {
      Escape: close,
      ArrowDown: links.length && (() => links[Math.min(at + 1, links.length - 1)].focus()),
      ArrowUp: links.length && (() => (at > 0 ? links[at - 1] : input).focus()),
      Enter: links.length && at < 0 && (() => links[0].click()),
    }[event.key];
    if (action) {
      action();
      event.preventDefault();
    }
  }

  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  box.addEventListener("keydown", move);
  document.addEventListener("click", (event) => {
    if (!box.contains(event.target)) { panel.hidden = true; }
  });
  show();
}
