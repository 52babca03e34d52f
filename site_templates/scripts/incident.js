/* What changed in the hours before a moment: from the documents of its months. */

import { all, make } from "./dom.js";

const HOUR = 3600000;
const LONGEST = 31 * 24 * HOUR;
const documents = new Map();

function utcText(milliseconds) {
  return `${new Date(milliseconds).toISOString().slice(0, 19)}Z`;
}

function lineOf(change) {
  return `${change.at.slice(0, 10)} ${change.at.slice(11, 16)} UTC ${change.text}`;
}

function newestFirst(one, other) {
  if (one.at !== other.at) { return one.at < other.at ? 1 : -1; }
  return one.text < other.text ? -1 : Number(one.text > other.text);
}

async function changesOf(form, month) {
  if (!documents.has(month)) {
    const answer = await fetch(form.dataset.documents.replace("MONTH", month));
    documents.set(month, answer.ok ? (await answer.json()).changes : []);
  }
  return documents.get(month);
}

async function groupsOf(form, since, until) {
  const first = utcText(new Date(since) - LONGEST).slice(0, 7);
  const months = form.dataset.months.split(" ").filter((each) => first <= each && each <= until.slice(0, 7));
  const production = form.dataset.production.split(" ");
  const wanted = form.elements.environment.value;
  const groups = form.dataset.titles.split("|").map((title) => ({ title, changes: [] }));
  for (const month of months) {
    for (const change of await changesOf(form, month)) {
      if (change.at < since || until < change.at) { continue; }
      if (wanted && change.environment && change.environment !== wanted) { continue; }
      const place = !change.environment ? 1 : production.includes(change.environment) ? 0 : 2;
      groups[place].changes.push(change);
    }
  }
  for (const group of groups) { group.changes.sort(newestFirst); }
  return groups.filter((group) => group.changes.length);
}

function show(groups) {
  const sections = groups.map((group) => {
    const section = make("section", "");
    const list = make("ul", "");
    for (const change of group.changes) { list.append(make("li", "", lineOf(change))); }
    section.append(make("h2", "", group.title), list);
    return section;
  });
  document.getElementById("changes").replaceChildren(...sections);
  document.querySelector("[data-more]")?.remove();
}

/* What the page shows, as a Markdown list. */
function markdownOf(state) {
  const safe = (text) => text.replace(/([\\`*_[\]<>#|~])/g, "\\$1");
  const lines = [`## ${safe(state.textContent.replace(/\.$/, ""))}`];
  for (const section of all("#changes section")) {
    lines.push("", `### ${section.querySelector("h2").textContent}`, "");
    for (const item of all("li", section)) { lines.push(`- ${safe(item.textContent)}`); }
  }
  return `${lines.join("\n")}\n`;
}

export function showIncident() {
  const form = document.querySelector("[data-incident]");
  const state = document.querySelector("[data-incident-state]");
  const button = form.querySelector("[data-copy-text]");

  async function update() {
    const hours = Number(form.elements.hours.value);
    const moment = Date.parse(`${form.elements.at.value}Z`);
    if (isNaN(moment)) { return; }
    const until = utcText(moment), since = utcText(moment - hours * HOUR);
    const months = form.dataset.months.split(" ");
    try {
      const groups = await groupsOf(form, since, until);
      const number = groups.reduce((sum, group) => sum + group.changes.length, 0);
      const words = `${number.toLocaleString("en")} ${number === 1 ? "change" : "changes"}`;
      const title = `${words} in the ${hours} hours before ${until.slice(0, 10)} ${until.slice(11, 16)} UTC`;
      state.textContent = until.slice(0, 7) < months[0]
        ? `The site has the changes since ${months[0]}; the command has all.` : `${title}.`;
      show(groups);
    } catch {
      /* A page that was opened as a file can fetch nothing; what it shows stays. */
      state.textContent = "The changes of another moment can be read from a server only.";
    }
  }

  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    const moment = Date.parse(given.get("at") ?? "");
    if (!isNaN(moment)) { form.elements.at.value = utcText(moment).slice(0, 16); }
    const hours = given.get("hours");
    if ([...form.elements.hours.options].some((each) => each.value === hours)) { form.elements.hours.value = hours; }
    return !isNaN(moment) || Boolean(hours);
  }

  button.hidden = !navigator.clipboard;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("change", () => {
    const at = `${form.elements.at.value}Z`;
    history.replaceState(null, "", `#at=${at}&hours=${form.elements.hours.value}`);
    update();
  });
  window.addEventListener("hashchange", () => { if (readAddress()) { update(); } });
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(markdownOf(state));
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy as text"; }, 1500);
  });
  if (readAddress()) { update(); }
}
