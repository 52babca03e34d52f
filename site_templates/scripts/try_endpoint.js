/* The API reference: fetch an endpoint with the parameters that the reader typed. */

import { all } from "./dom.js";

const LONGEST = 20000;

function readable(text, type) {
  const whole = type.includes("json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
  return whole.length > LONGEST ? `${whole.slice(0, LONGEST)}\n…` : whole;
}

async function fetchText(address) {
  const response = await fetch(address);
  const text = await response.text();
  const status = `${response.status} ${response.statusText}`;
  if (!response.ok) { return [`${status}: there is no such file`, ""]; }
  const size = `${new Blob([text]).size.toLocaleString("en")} bytes`;
  return [`${status}, ${size}`, readable(text, response.headers.get("Content-Type") || "")];
}

function enableForm(form) {
  const note = form.querySelector("[role=status]");
  const shown = form.querySelector("pre");

  function show(text, body = "") {
    note.textContent = text;
    shown.textContent = body;
    shown.hidden = !body;
  }

  async function send() {
    if (location.protocol === "file:") {
      show("A browser cannot fetch anything for a page opened as a file. Serve the site: versioner site serve");
      return;
    }
    const address = form.dataset.try.replace(/\{(\w+)\}/g, (_, name) =>
      encodeURIComponent(form.querySelector(`[name=${name}]`).value.trim()));
    show("Fetching…");
    try { show(...await fetchText(address)); } catch (error) { show(`It could not be fetched: ${error.message}`); }
  }

  form.querySelector("button").addEventListener("click", send);
  for (const input of all("input", form)) {
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { send(); }
    });
  }
}

export function enableTrying() {
  for (const form of all("[data-try]")) { enableForm(form); }
}
