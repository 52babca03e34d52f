/* The matrix at any moment. The document of a month has the state at its begin and its changes; those
   of the months that are needed are loaded. `versioner status --at` says the same. */

import { all, make } from "./dom.js";
import { clockText, dayText, spanText } from "./time_text.js";
import { versionText } from "./version_text.js";

const DAY = 86400;
const PAUSE = 900;
const MARK = "#at=";

const secondsOf = (text) => Math.floor(Date.parse(text) / 1000);
const isoText = (second) => new Date(second * 1000).toISOString().replace(".000Z", "Z");

/* A moment in UTC, for texts that are written in local time. */
function shifted(second) {
  const moment = new Date(second * 1000);
  return new Date(moment.getTime() + moment.getTimezoneOffset() * 60000);
}

const momentText = (second) => `${dayText(shifted(second))} ${clockText(shifted(second))}`;

/* The month that answers for a moment: the last one with a change up to then. */
function monthAt(months, second) {
  const wanted = isoText(second).slice(0, 7);
  return months.filter((month) => month <= wanted).pop() || months[0];
}

function stateAt(document, second) {
  const zero = secondsOf(`${document.month}-01T00:00:00Z`);
  const state = new Map();
  const set = (product, environment, running, at) => {
    const key = `${document.products[product]} ${document.environments[environment]}`;
    state.set(key, { running: document.running[running] || "", at: zero + at });
  };
  for (const [product, environment, running, at] of document.begin) { set(product, environment, running, at); }
  let last = null;
  for (const [at, product, environment, running] of document.changes) {
    if (zero + at > second) { break; }
    set(product, environment, running, at);
    last = { at: zero + at, product: document.products[product], environment: document.environments[environment] };
  }
  return { state, last };
}

/* `eu=1.0 us=2.0` for instances, else a version. */
function partsOf(running) {
  if (!running.includes("=")) { return running ? [["", running]] : []; }
  return running.split(" ").map((each) => {
    const place = each.indexOf("=");
    return [each.slice(0, place) || "others", each.slice(place + 1)];
  });
}

function fillCell(cell, entry) {
  const key = entry && entry.running ? `${entry.running} ${entry.at}` : "";
  if (cell.dataset.shown === key) { return; }
  cell.dataset.shown = key;
  if (!key) {
    cell.replaceChildren(make("span", "never", "–"));
    return;
  }
  const parts = partsOf(entry.running).map(([instance, version]) => {
    const part = make("span", "part");
    const text = make("span", "v", version ? versionText(version) : "nothing");
    text.title = version;
    part.append(text);
    if (instance) { part.append(" ", make("span", "where", `on ${instance}`)); }
    return part;
  });
  cell.replaceChildren(...parts, make("span", "under", `since ${dayText(shifted(entry.at))}`));
}

function enableMoment(form) {
  const table = document.getElementById("past");
  const range = form.querySelector("input[type=range]");
  const field = form.querySelector("input[type=datetime-local]");
  const shown = document.querySelector(".shown time");
  const happened = document.querySelector("[data-happened]");
  const belief = document.querySelector("[data-belief]");
  const play = form.querySelector("[data-play]");
  const months = form.dataset.months.split(" ");
  const first = secondsOf(form.dataset.first);
  const last = secondsOf(form.dataset.last);
  const documents = new Map();
  const columns = all("th[data-environment]", table).map((each) => each.dataset.environment);
  const titles = new Map([
    ...all("th[data-environment]", table).map((each) => [`in ${each.dataset.environment}`, each.textContent.trim()]),
    ...all("tr[data-product]", table).map((each) => [each.dataset.product, each.cells[0].textContent.trim()]),
  ]);
  let moment = last;
  let timer = 0;

  function load(month) {
    if (!documents.has(month)) {
      documents.set(month, fetch(form.dataset.past.replace("MONTH", month)).then((response) => {
        if (!response.ok) { throw new Error(`${response.status} ${response.statusText}`); }
        return response.json();
      }));
    }
    return documents.get(month);
  }

  function fill({ state, last: change }, second) {
    for (const row of all("tr[data-product]", table)) {
      columns.forEach((name, index) => fillCell(row.cells[index + 1], state.get(`${row.dataset.product} ${name}`)));
    }
    const isSeen = change && columns.includes(change.environment);
    const age = isSeen ? spanText(second - change.at) : "";
    happened.textContent = isSeen
      ? `Last change: ${titles.get(change.product)} in ${titles.get(`in ${change.environment}`)}` +
        (age ? `, ${age} before` : ", at this moment")
      : "";
    table.dataset.at = isoText(second);
  }

  function tellMoment(second) {
    const text = isoText(second);
    range.value = String(second);
    range.setAttribute("aria-valuetext", `${momentText(second)} UTC`);
    field.value = text.slice(0, 19);
    shown.dateTime = text;
    shown.textContent = `${momentText(second)} UTC`;
    shown.title = text;
    belief.textContent = `versioner status --at ${text} --as-of "$(git rev-list -1 --before=${text} HEAD)"`;
  }

  async function show(second) {
    moment = Math.min(last, Math.max(first, second));
    const wanted = moment;
    tellMoment(wanted);
    if (location.protocol === "file:") {
      happened.textContent =
        "A browser loads nothing for a page opened as a file. Serve the site: versioner site serve";
      return;
    }
    try {
      const found = stateAt(await load(monthAt(months, wanted)), wanted);
      /* The reader may have gone on while the document was loaded. */
      if (moment === wanted) { fill(found, wanted); }
    } catch (error) {
      happened.textContent = `The month could not be loaded: ${error.message}`;
    }
  }

  function remember() {
    history.replaceState(null, "", MARK + isoText(moment));
  }

  function go(second) {
    show(second);
    remember();
  }

  function changesOf(document) {
    const zero = secondsOf(`${document.month}-01T00:00:00Z`);
    return document.changes
      .filter(([, , environment]) => columns.includes(document.environments[environment]))
      .map(([at]) => zero + at);
  }

  /* Go to the next (1) or the previous (-1) change; return whether there is one. */
  async function goToChange(step) {
    let index = months.indexOf(monthAt(months, moment));
    const isBeyond = (at) => (step > 0 ? at > moment && at <= last : at < moment);
    for (; index >= 0 && index < months.length; index += step) {
      const found = changesOf(await load(months[index])).filter(isBeyond);
      if (found.length) {
        go(step > 0 ? found[0] : found[found.length - 1]);
        return true;
      }
    }
    return false;
  }

  function stop() {
    clearTimeout(timer);
    timer = 0;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  }

  async function playOn() {
    if (await goToChange(1) && timer) { timer = setTimeout(playOn, PAUSE); } else { stop(); }
  }

  function startOrStop() {
    if (timer) {
      stop();
      return;
    }
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    timer = setTimeout(playOn, 0);
  }

  function readAddress() {
    if (!location.hash.startsWith(MARK)) { return; }
    const second = secondsOf(decodeURIComponent(location.hash.slice(MARK.length)));
    if (!isNaN(second)) { show(second); }
  }

  range.min = String(first);
  range.max = String(last);
  range.value = String(last);
  range.addEventListener("input", () => go(Number(range.value)));
  range.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -DAY, ArrowDown: -DAY, ArrowRight: DAY, ArrowUp: DAY };
    const changes = { PageUp: 1, PageDown: -1 };
    if (event.key in steps) { go(moment + steps[event.key]); } else if (event.key in changes) {
      goToChange(changes[event.key]);
    } else { return; }
    event.preventDefault();
  });
  field.addEventListener("change", () => {
    const second = secondsOf(`${field.value}Z`);
    if (!isNaN(second)) { go(second); }
  });
  for (const button of all("[data-step]", form)) {
    button.addEventListener("click", () => goToChange(Number(button.dataset.step)));
  }
  play.addEventListener("click", startOrStop);
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", readAddress);
  readAddress();
}

export function enableMoments() {
  for (const form of all("[data-past]")) { enableMoment(form); }
}
