/* Times as text: the same words as in the HTML of the pages (versioner/query/times/text.py and
   versioner/site/wording.py), in the local time zone. */

/* From so many seconds on, a span is counted in units of so many seconds. */
const UNITS = [
  [63072000, 31536000, "year"],
  [5184000, 2592000, "month"],
  [86400, 86400, "day"],
  [3600, 3600, "hour"],
  [60, 60, "minute"],
];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

export function spanText(seconds) {
  const unit = UNITS.find(([least]) => seconds >= least);
  if (!unit) { return ""; }
  const number = Math.floor(seconds / unit[1]);
  return `${number} ${unit[2]}${number === 1 ? "" : "s"}`;
}

export function ageText(then, now) {
  const span = spanText(Math.max(0, Math.floor((now - then) / 1000)));
  return span ? `${span} ago` : "just now";
}

export function dayText(moment) {
  return `${moment.getDate()} ${MONTHS[moment.getMonth()]} ${moment.getFullYear()}`;
}

export function clockText(moment) {
  return [moment.getHours(), moment.getMinutes()].map((part) => String(part).padStart(2, "0")).join(":");
}
