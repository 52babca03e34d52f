/* The form for a new product: it shows the file, and a link or a command that creates it. */

import { cleanText, createCommand, nameFrom, productFile } from "./product_text.js";

const FIELDS = ["name", "title", "description", "team", "repository"];

function readFields(form) {
  return Object.fromEntries(FIELDS.map((name) => {
    const box = form.elements[name];
    return [name, cleanText(box.value, box.localName === "input")];
  }));
}

function showFault(input, name, pattern) {
  const isWrong = name && !pattern.test(name);
  const near = nameFrom(name);
  const hint = near && near !== name && pattern.test(near) ? ` Did you mean ${near}?` : "";
  document.getElementById("new-name-fault").textContent = isWrong ? `Not a legal name.${hint}` : "";
  if (isWrong) { input.setAttribute("aria-invalid", "true"); } else { input.removeAttribute("aria-invalid"); }
}

function showLink(link, settings, path, file) {
  if (!path) {
    link.removeAttribute("href");
    link.setAttribute("aria-disabled", "true");
    return;
  }
  const query = new URLSearchParams([[settings.pathKey, path], [settings.contentKey, file]]);
  link.href = `${settings.newFile}?${query.toString().replace(/\+/g, "%20")}`;
  link.removeAttribute("aria-disabled");
}

export function enableProductForm() {
  const form = document.querySelector("[data-create]");
  if (!form) { return; }
  const settings = form.dataset;
  const pattern = new RegExp(`^(?:${settings.pattern})$`);
  const link = document.getElementById("new-open");
  const command = document.getElementById("new-command");

  function update() {
    const fields = readFields(form);
    const name = pattern.test(fields.name) ? fields.name : "";
    const path = settings.path.replace("NAME", name || "…");
    const file = productFile(settings.modelLine, name, fields);
    showFault(form.elements.name, fields.name, pattern);
    document.getElementById("new-path").textContent = path;
    document.getElementById("new-file").textContent = file;
    if (command) { command.textContent = createCommand(name, fields); }
    if (link) { showLink(link, settings, name && path, file); }
  }

  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (link && link.href) { link.click(); }
  });
  update();
}
