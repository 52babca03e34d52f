/* The rows of the matrix by team: each team has a body of its own, with a heading. */

import { all, make } from "./dom.js";
import { saveChoices, savedChoices } from "./address.js";
import { sortAgain } from "./sort.js";

function headingOf(team, rows, columns) {
  const row = make("tr", "day");
  const heading = make("th", "", team || "Without an owner");
  heading.scope = "rowgroup";
  heading.colSpan = columns;
  heading.append(" ", make("span", "under", String(rows.length)));
  row.append(heading);
  return row;
}

function groupRows(table, rows) {
  const teams = new Map();
  for (const row of rows) {
    const team = row.dataset.team || "";
    teams.set(team, [...(teams.get(team) || []), row]);
  }
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  /* Those without an owner are last. */
  const names = [...teams.keys()].sort((a, b) => (a && b ? compare(a, b) : (a ? 0 : 1) - (b ? 0 : 1)));
  return names.map((team) => {
    const body = make("tbody");
    body.append(headingOf(team, teams.get(team), table.tHead.rows[0].cells.length), ...teams.get(team));
    return body;
  });
}

export function enableGroups() {
  const box = document.querySelector("[data-group]");
  if (!box) { return; }
  const table = document.getElementById(box.dataset.group);
  const rows = all("tbody tr", table);

  function show() {
    const single = make("tbody");
    single.append(...rows);
    const bodies = box.checked ? groupRows(table, rows) : [single];
    for (const body of all("tbody", table)) { body.remove(); }
    table.append(...bodies);
    sortAgain(table);
    table.dispatchEvent(new Event("recount"));
  }

  box.checked = savedChoices().get("group") === "team";
  if (box.checked) { show(); }
  box.addEventListener("change", (event) => {
    event.stopPropagation();
    show();
    saveChoices({ group: box.checked ? "team" : "" });
  });
}
