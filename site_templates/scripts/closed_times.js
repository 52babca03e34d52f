/* What the rules of windows close at the time of the reader: the page was built earlier. */

import { all } from "./dom.js";
import { clockText, dayText } from "./time_text.js";

function momentText(seconds) {
  const moment = new Date(seconds * 1000);
  return `${dayText(moment)} ${clockText(moment)}`;
}

/* Pairs of seconds; "-" stands for a beginning or an end that is not known. */
function closedPairs(text) {
  const parts = text.split(" ").map((part) => (part === "-" ? null : Number(part)));
  return parts.flatMap((start, index) => (index % 2 ? [] : [[start, parts[index + 1]]]));
}

function timesAfter(text, now) {
  return closedPairs(text).filter(([, end]) => end === null || end > now);
}

function isClosedNow(text, now) {
  const [first] = timesAfter(text, now);
  return first !== undefined && (first[0] === null || first[0] <= now);
}

/* Links that deploy are held while a rule closes. */
function holdLinks(now) {
  const times = window.versionerClosedTimes ?? {};
  for (const place of all("[data-held-by]")) {
    const isHeld = place.dataset.heldBy.split(" ").some((rule) => isClosedNow(times[rule] ?? "", now));
    const [link, note] = place.children;
    link.hidden = isHeld;
    note.hidden = !isHeld;
  }
}

function showClosed(item, now) {
  const times = timesAfter(item.dataset.closed, now);
  const mark = item.querySelector("[data-closed-now]");
  const text = item.querySelector("[data-closed-text]");
  if (!times.length) {
    item.hidden = true;
    return;
  }
  const [start, end] = times[0];
  const isClosed = start === null || start <= now;
  const until = end === null ? "without end" : `until ${momentText(end)}`;
  item.classList.toggle("now", isClosed && !("reportOnly" in item.dataset));
  mark.hidden = !isClosed;
  text.title = text.textContent;
  text.textContent = isClosed ? until : `closes ${momentText(start)}, ${until}`;
}

export function showClosedTimes() {
  const now = Date.now() / 1000;
  for (const item of all("[data-closed]")) { showClosed(item, now); }
  for (const list of all(".closed")) {
    list.hidden = ![...list.children].some((item) => !item.hidden);
  }
  holdLinks(now);
}
