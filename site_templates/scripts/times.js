/* Times of the page in the reader's time zone, and ages counted from now. */

import { all, make } from "./dom.js";
import { ageText, clockText, dayText, spanText } from "./time_text.js";

function showTime(time, now) {
  if (!time.dateTime) { time.dateTime = time.textContent.replace(" ", "T"); }
  const moment = new Date(time.dateTime);
  if (isNaN(moment)) { return; }
  time.title = time.dateTime.replace("T", " ").replace("Z", " UTC");
  if (time.className === "age") {
    time.textContent = ageText(moment, now);
  } else if (time.className === "span") {
    time.textContent = spanText((now - moment) / 1000) || "just now";
  } else if (time.className === "day") {
    time.textContent = dayText(moment);
  } else if (time.className === "since") {
    time.textContent = `${dayText(moment)}, ${ageText(moment, now)}`;
  } else {
    time.textContent = `${dayText(moment)} ${clockText(moment)}`;
    if (moment.getTimezoneOffset() && time.closest("[data-utc]")) {
      time.append(make("span", "utc", ` ${time.dateTime.slice(11, 16)} UTC`));
    }
  }
}

export function showLocalTimes() {
  const now = Date.now();
  const notes = all("[data-zone]");
  /* Without the note, days and times of the page are written in the time zone of the registry. */
  const ages = notes.length ? "" : ".age";
  for (const time of all(`time${ages}`)) { showTime(time, now); }
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone === "UTC") { return; }
  for (const note of notes) {
    note.textContent = `Times are in your time zone (${zone}); hover over a time to see it in UTC.`;
  }
}
