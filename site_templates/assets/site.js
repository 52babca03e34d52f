/* What the pages can do besides being read: themes, local times and ages, sorting, filtering.
   Every fact is on the page without it. Classic, so that it runs from file:// too. */
(function () {
  "use strict";

  var root = document.documentElement;
  var THEME = "versioner-theme";

  function each(selector, work, within) {
    Array.prototype.forEach.call((within || document).querySelectorAll(selector), work);
  }

  function remembered() {
    try { return localStorage.getItem(THEME); } catch (_) { return null; }
  }

  function themes() {
    var theme = remembered();
    if (theme === "light" || theme === "dark") { root.dataset.theme = theme; }
    each("[data-theme-switch]", function (button) {
      button.hidden = false;
      button.addEventListener("click", function () {
        var dark = root.dataset.theme ? root.dataset.theme === "dark"
          : matchMedia("(prefers-color-scheme: dark)").matches;
        root.dataset.theme = dark ? "light" : "dark";
        try { localStorage.setItem(THEME, root.dataset.theme); } catch (_) { /* not kept */ }
      });
    });
  }

  /* A page under an old name leads on, and keeps the anchor. */
  function moved() {
    var link = document.querySelector("a[data-moved]");
    if (link) { location.replace(link.href.split("#")[0] + location.hash); }
    return Boolean(link);
  }

  /* From so many seconds on, one of it is so many seconds: the same words as the pages are built
     with (versioner/query/times.py). */
  var UNITS = [
    [63072000, 31536000, "year"],
    [5184000, 2592000, "month"],
    [86400, 86400, "day"],
    [3600, 3600, "hour"],
    [60, 60, "minute"]
  ];

  function age(then, now) {
    var seconds = Math.max(0, Math.floor((now - then) / 1000));
    for (var i = 0; i < UNITS.length; i += 1) {
      if (seconds >= UNITS[i][0]) {
        var number = Math.floor(seconds / UNITS[i][1]);
        return number + " " + UNITS[i][2] + (number === 1 ? "" : "s") + " ago";
      }
    }
    return "just now";
  }

  /* The same forms as the pages are built with (versioner/site/wording.py), in the local zone. */
  var MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

  function day(moment) {
    return moment.getDate() + " " + MONTHS[moment.getMonth()] + " " + moment.getFullYear();
  }

  function clock(moment) {
    return ("0" + moment.getHours()).slice(-2) + ":" + ("0" + moment.getMinutes()).slice(-2);
  }

  function times() {
    var now = Date.now();
    each("time[datetime]", function (time) {
      var moment = new Date(time.dateTime);
      if (isNaN(moment)) { return; }
      time.title = time.dateTime.replace("T", " ").replace("Z", " UTC");
      var kind = time.className;
      if (kind === "age") {
        time.textContent = age(moment, now);
      } else if (kind === "day") {
        time.textContent = day(moment);
      } else if (kind === "since") {
        time.textContent = day(moment) + ", " + age(moment, now);
      } else {
        time.textContent = day(moment) + " " + clock(moment);
      }
    });
    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone === "UTC") { return; }
    each("[data-zone]", function (note) {
      note.textContent = "Times are in your time zone (" + zone + "); point at one to see it in UTC.";
    });
  }

  function key(row, column, kind) {
    var cell = row.cells[column];
    if (cell.dataset.key !== undefined) { return cell.dataset.key; }
    var time = kind === "time" && cell.querySelector("time");
    return time ? time.dateTime : cell.textContent.trim();
  }

  function sort(table, head) {
    var kind = head.dataset.sort;
    var column = head.cellIndex;
    var was = head.getAttribute("aria-sort");
    /* Names from A, times and numbers from the newest and largest. */
    var up = was ? was === "descending" : kind === "text";
    var body = table.tBodies[0];
    var compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
    var rows = Array.prototype.map.call(body.rows, function (row) {
      return { row: row, key: key(row, column, kind) };
    });
    rows.sort(function (a, b) {
      /* What has no value goes last, whatever the direction. */
      if (!a.key || !b.key) { return (a.key ? 0 : 1) - (b.key ? 0 : 1); }
      return up ? compare(a.key, b.key) : compare(b.key, a.key);
    });
    each("th[aria-sort]", function (other) { other.removeAttribute("aria-sort"); }, table);
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    rows.forEach(function (entry) { body.appendChild(entry.row); });
  }

  function sorting() {
    each("table[data-table]", function (table) {
      each("th[data-sort]", function (head) {
        var button = document.createElement("button");
        button.type = "button";
        button.className = "sort";
        if (head.querySelector("a")) {
          /* The heading is a link already: the button stands beside it. */
          button.setAttribute("aria-label", "Sort by " + head.textContent.trim());
          head.appendChild(document.createTextNode(" "));
        } else {
          while (head.firstChild) { button.appendChild(head.firstChild); }
        }
        head.appendChild(button);
        button.addEventListener("click", function () { sort(table, head); });
      }, table);
    });
  }

  function filtering() {
    each("[data-tools]", function (tools) {
      var table = document.getElementById(tools.dataset.tools);
      var text = tools.querySelector("[data-filter]");
      var only = tools.querySelector("[data-only]");
      var found = tools.querySelector("[data-found]");
      tools.hidden = false;
      function apply() {
        var words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
        var shown = 0;
        Array.prototype.forEach.call(table.tBodies[0].rows, function (row) {
          var said = row.dataset.words.toLowerCase();
          var fits = words.every(function (word) { return said.indexOf(word) >= 0; });
          if (only && only.checked) {
            fits = fits && (row.dataset.flags || "").split(" ").indexOf(only.dataset.only) >= 0;
          }
          row.hidden = !fits;
          shown += fits ? 1 : 0;
        });
        found.textContent = words.length || (only && only.checked)
          ? shown + " of " + table.tBodies[0].rows.length : "";
      }
      text.addEventListener("input", apply);
      if (only) { only.addEventListener("change", apply); }
      /* A browser may bring back what was typed before a reload. */
      if (text.value || (only && only.checked)) { apply(); }
    });
  }

  themes();
  if (!moved()) {
    times();
    sorting();
    filtering();
  }
}());
