/* The figures of the last 7 days, counted from now, not from the last commit as in the HTML. */

import { all } from "./dom.js";

const WEEK_SECONDS = 7 * 86400;

/* The times are in seconds: the first one, then how much later each is than the one before. */
function timesOf(text) {
  let at = 0;
  return text.split(" ").filter(Boolean).map((part) => { at += parseInt(part, 36); return at; });
}

export function countLastWeek() {
  const begin = Math.floor(Date.now() / 1000) - WEEK_SECONDS;
  for (const figure of all("[data-times]")) {
    const { noun, times } = figure.dataset;
    const number = timesOf(times).filter((at) => at >= begin).length;
    figure.querySelector("dd").textContent = number.toLocaleString("en-US");
    figure.querySelector("dt > a").firstChild.textContent = `${noun}${number === 1 ? "" : "s"} `;
    if (!number) { figure.className = ""; }
  }
  for (const note of all("[data-week]")) { note.remove(); }
}
