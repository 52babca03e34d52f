/* What the pages can do besides being read: themes, local times and ages, sorting, filters kept
   in the address, columns, search, the form for a new product.
   Every fact is on the page without it. Classic, so that it runs from file:// too. */
(function () {
  "use strict";

  var root = document.documentElement;
  var THEME = "versioner-theme";
  /* Where the site begins: this file is assets/site.js below it. */
  var HOME = new URL("..", document.currentScript.src);

  function each(selector, work, within) {
    Array.prototype.forEach.call((within || document).querySelectorAll(selector), work);
  }

  function make(tag, className, text) {
    var element = document.createElement(tag);
    if (className) { element.className = className; }
    if (text !== undefined) { element.textContent = text; }
    return element;
  }

  /* Themes */

  function remembered() {
    try { return localStorage.getItem(THEME); } catch (_) { return null; }
  }

  function themes() {
    var theme = remembered();
    if (theme === "light" || theme === "dark") { root.dataset.theme = theme; }
    each("[data-theme-switch]", function (button) {
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

  /* Times. From so many seconds on, one of it is so many seconds: the same words as the pages are
     built with (versioner/query/times.py). */

  var UNITS = [
    [63072000, 31536000, "year"],
    [5184000, 2592000, "month"],
    [86400, 86400, "day"],
    [3600, 3600, "hour"],
    [60, 60, "minute"]
  ];
  var OLD = 7 * 86400;

  function span(seconds) {
    for (var i = 0; i < UNITS.length; i += 1) {
      if (seconds >= UNITS[i][0]) {
        var number = Math.floor(seconds / UNITS[i][1]);
        return number + " " + UNITS[i][2] + (number === 1 ? "" : "s");
      }
    }
    return "";
  }

  function age(then, now) {
    var words = span(Math.max(0, Math.floor((now - then) / 1000)));
    return words ? words + " ago" : "just now";
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
    each("time", function (time) {
      if (!time.dateTime) { time.dateTime = time.textContent.replace(" ", "T"); }
      var moment = new Date(time.dateTime);
      if (isNaN(moment)) { return; }
      var kind = time.className;
      time.title = time.dateTime.replace("T", " ").replace("Z", " UTC");
      if (kind === "age") {
        time.textContent = age(moment, now);
      } else if (kind === "day") {
        time.textContent = day(moment);
      } else if (kind === "since") {
        time.textContent = day(moment) + ", " + age(moment, now);
      } else {
        time.textContent = day(moment) + " " + clock(moment);
        if (moment.getTimezoneOffset() && time.closest("[data-utc]")) {
          time.appendChild(make("span", "utc", " " + time.dateTime.slice(11, 16) + " UTC"));
        }
      }
    });
    var zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (zone !== "UTC") {
      each("[data-zone]", function (note) {
        note.textContent = "Times are in your time zone (" + zone + "); point at one to see it in UTC.";
      });
    }
  }

  /* A page that says how things stand says when it is old. Of when the site is stands in a script
     that each build makes anew, for most of the pages are not. */
  function ageing() {
    var notice = document.querySelector("[data-built]");
    if (!notice) { return; }
    window.versionerBuilt = function (at) {
      var seconds = (Date.now() - new Date(at)) / 1000;
      if (!(seconds >= OLD)) { return; }
      notice.textContent = "Nothing was recorded for " + span(seconds) +
        ", or this site is no longer being built.";
      notice.hidden = false;
    };
    load("assets/built.js");
  }

  function load(path) {
    var script = make("script");
    script.src = new URL(path, HOME).href;
    document.head.appendChild(script);
  }

  /* The address keeps what a reader chose, so that it can be shared. Where the query cannot be
     changed (a page opened as a file), the fragment does: #?q=pay */

  function chosen() {
    var hash = location.hash.indexOf("#?") === 0 ? location.hash.slice(2) : "";
    return new URLSearchParams(location.search || hash);
  }

  function keep(changes) {
    var all = chosen();
    Object.keys(changes).forEach(function (name) {
      if (changes[name]) { all.set(name, changes[name]); } else { all.delete(name); }
    });
    var text = all.toString();
    var anchor = location.hash.indexOf("#?") === 0 ? "" : location.hash;
    try {
      history.replaceState(null, "", location.pathname + (text ? "?" + text : "") + anchor);
    } catch (_) {
      history.replaceState(null, "", text ? "#?" + text : "#");
    }
  }

  /* Sorting */

  function key(row, column, kind) {
    var cell = row.cells[column];
    if (cell.dataset.key !== undefined) { return cell.dataset.key; }
    var time = kind === "time" && cell.querySelector("time");
    return time ? time.dateTime : cell.textContent.trim();
  }

  function sort(table, head, up) {
    var body = table.tBodies[0];
    var column = head.cellIndex;
    var compare = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
    var rows = Array.prototype.map.call(body.rows, function (row) {
      return { row: row, key: key(row, column, head.dataset.sort) };
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
    var wanted = chosen().get("sort") || "";
    each("table[data-table]", function (table) {
      each("th[data-sort]", function (head) {
        var name = head.textContent.trim().toLowerCase();
        var button = make("button", "sort");
        button.type = "button";
        if (head.querySelector("a")) {
          /* The heading is a link already: the button stands beside it. */
          button.setAttribute("aria-label", "Sort by " + head.textContent.trim());
          head.appendChild(document.createTextNode(" "));
        } else {
          while (head.firstChild) { button.appendChild(head.firstChild); }
        }
        head.appendChild(button);
        button.addEventListener("click", function () {
          var was = head.getAttribute("aria-sort");
          /* Names from A, times and numbers from the newest and largest. */
          var up = was ? was === "descending" : head.dataset.sort === "text";
          sort(table, head, up);
          if (table.id) { keep({ sort: (up ? "" : "-") + name }); }
        });
        if (table.id && wanted.replace(/^-/, "") === name) { sort(table, head, wanted[0] !== "-"); }
      }, table);
    });
  }

  /* Filters. A select compares with what a row says of itself, or (data-cell) with a cell: with
     its text, or with each entry of its list but for the time at the end. */

  function said(row, select) {
    if (select.dataset.cell === undefined) { return [row.dataset[select.name] || ""]; }
    var cell = row.cells[Number(select.dataset.cell)];
    if (!cell) { return []; }
    var entries = cell.getElementsByTagName("li");
    return Array.prototype.map.call(entries.length ? entries : [cell], function (entry) {
      return entry.textContent.replace(/ \d\d:\d\d$/, "").trim();
    });
  }

  function offer(select, rows) {
    var values = {};
    rows.forEach(function (row) {
      said(row, select).forEach(function (value) { if (value) { values[value] = true; } });
    });
    var names = Object.keys(values).sort(new Intl.Collator("en", { numeric: true }).compare);
    if (select.options.length === 1) {
      names.forEach(function (name) { select.add(new Option(name, name)); });
    }
    select.closest("[data-options]").hidden = names.length < 2;
  }

  function fits(row, words, selects, flags) {
    var text = (row.dataset.words || row.textContent).toLowerCase();
    var own = (row.dataset.flags || "").split(" ");
    return words.every(function (word) { return text.indexOf(word) >= 0; }) &&
      selects.every(function (select) { return !select.value || said(row, select).indexOf(select.value) >= 0; }) &&
      flags.every(function (box) { return own.indexOf(box.dataset.flag) >= 0; });
  }

  function filtering() {
    each("[data-tools]", function (tools) {
      var table = document.getElementById(tools.dataset.tools);
      var text = tools.querySelector("input[type=search]");
      var selects = Array.prototype.slice.call(tools.querySelectorAll("select[name]"));
      var boxes = Array.prototype.slice.call(tools.querySelectorAll("[data-flag]"));
      var found = tools.querySelector("[data-found]");
      var none = document.querySelector("[data-none]");
      var rows = Array.prototype.slice.call(table.querySelectorAll("tbody tr:not(.day)"));

      function apply() {
        var words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
        var flags = boxes.filter(function (box) { return box.checked; });
        var shown = 0;
        rows.forEach(function (row) {
          row.hidden = !fits(row, words, selects, flags);
          shown += row.hidden ? 0 : 1;
        });
        each("tbody", function (body) {
          body.hidden = !body.querySelector("tr:not(.day):not([hidden])");
        }, table);
        var asked = words.length || flags.length || selects.some(function (s) { return s.value; });
        found.textContent = asked ? shown + " of " + rows.length : "";
        if (none) { none.hidden = shown > 0; }
      }

      function changed() {
        var now = {};
        apply();
        now[text.name] = text.value.trim();
        selects.forEach(function (select) { now[select.name] = select.value; });
        boxes.forEach(function (box) { now[box.name] = box.checked ? "1" : ""; });
        keep(now);
      }

      function recall() {
        var was = chosen();
        text.value = was.get(text.name) || "";
        selects.forEach(function (select) {
          select.value = was.get(select.name) || "";
          if (select.selectedIndex < 0) { select.value = ""; }
        });
        boxes.forEach(function (box) { box.checked = Boolean(was.get(box.name)); });
        apply();
      }

      selects.forEach(function (select) { offer(select, rows); });
      recall();
      text.addEventListener("input", changed);
      tools.addEventListener("change", changed);
      table.addEventListener("recount", apply);
      window.addEventListener("popstate", recall);
      if (none) {
        none.querySelector("[data-reset]").addEventListener("click", function () {
          text.value = "";
          selects.forEach(function (select) { select.value = ""; });
          boxes.forEach(function (box) { box.checked = false; });
          changed();
          text.focus();
        });
      }
    });
  }

  /* Columns of the matrix: those that show decide what drifts. */

  function drift(row, shown) {
    var versions = {};
    Array.prototype.forEach.call(row.cells, function (cell, index) {
      var running = index && shown[index] && cell.querySelector(":scope > .v");
      if (running) { versions[running.title] = true; }
    });
    var flags = (row.dataset.flags || "").split(" ").filter(function (flag) {
      return flag && flag !== "drifting";
    });
    var mark = row.querySelector(".status-drifting");
    if (Object.keys(versions).length > 1) {
      flags.push("drifting");
      if (!mark) { row.querySelector("th .under").append(" ", make("span", "status status-drifting", "drifting")); }
    } else if (mark) {
      mark.remove();
    }
    row.dataset.flags = flags.join(" ");
    return flags.indexOf("drifting") >= 0;
  }

  function columns() {
    each("[data-columns]", function (menu) {
      var table = document.getElementById(menu.dataset.columns);
      var boxes = Array.prototype.slice.call(menu.querySelectorAll("input"));
      var usual = boxes.filter(function (box) { return box.checked; })
        .map(function (box) { return box.value; }).join(" ");

      function apply() {
        var shown = {};
        each("thead th[data-column]", function (head) {
          shown[head.cellIndex] = boxes.some(function (box) {
            return box.value === head.dataset.column && box.checked;
          });
        }, table);
        var drifting = 0;
        Array.prototype.forEach.call(table.rows, function (row) {
          Array.prototype.forEach.call(row.cells, function (cell, index) {
            if (index) { cell.classList.toggle("off", !shown[index]); }
          });
          if (row.parentNode !== table.tHead) { drifting += drift(row, shown) ? 1 : 0; }
        });
        each(".figures .status-drifting dd", function (figure) {
          figure.textContent = String(drifting);
        });
        table.dispatchEvent(new Event("recount"));
      }

      var kept = (chosen().get("columns") || "").split(" ").filter(Boolean);
      if (kept.length) {
        boxes.forEach(function (box) { box.checked = kept.indexOf(box.value) >= 0; });
        apply();
      }
      menu.addEventListener("change", function (event) {
        event.stopPropagation();
        var now = boxes.filter(function (box) { return box.checked; })
          .map(function (box) { return box.value; }).join(" ");
        apply();
        keep({ columns: now === usual ? "" : now });
      });
      document.addEventListener("click", function (event) {
        if (!menu.contains(event.target)) { menu.open = false; }
      });
      menu.addEventListener("keydown", function (event) {
        if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
      });
    });
  }

  /* Each row of a month is a place of its own: its first cell leads to it. */
  function anchors() {
    each("tr[id] > th", function (head) {
      if (head.querySelector("a")) { return; }
      var link = make("a");
      link.href = "#" + encodeURI(head.parentNode.id);
      while (head.firstChild) { link.appendChild(head.firstChild); }
      head.appendChild(link);
    });
  }

  function copying() {
    each("[data-copy]", function (button) {
      button.hidden = !navigator.clipboard;
      button.addEventListener("click", function () {
        var text = document.getElementById(button.dataset.copy).textContent;
        navigator.clipboard.writeText(text).then(function () {
          var was = button.textContent;
          button.textContent = "Copied";
          setTimeout(function () { button.textContent = was; }, 1500);
        });
      });
    });
  }

  /* The API reference: fetch an address with the parameters that were typed. */
  function trying() {
    each("[data-try]", function (box) {
      var button = box.querySelector("button");
      var said = box.querySelector("[role=status]");
      var shown = box.querySelector("pre");
      box.hidden = false;

      function answer(text, body) {
        said.textContent = text;
        shown.textContent = body;
        shown.hidden = !body;
      }

      function readable(text, type) {
        var whole = /json/.test(type) ? JSON.stringify(JSON.parse(text), null, 2) : text;
        return whole.length > 20000 ? whole.slice(0, 20000) + "\n…" : whole;
      }

      function ask() {
        if (location.protocol === "file:") {
          answer("A browser fetches nothing for a page that was opened as a file. "
            + "Serve the site: versioner site serve", "");
          return;
        }
        var address = box.dataset.try.replace(/\{(\w+)\}/g, function (_, name) {
          return encodeURIComponent(box.querySelector("[name=" + name + "]").value.trim());
        });
        answer("Fetching…", "");
        fetch(address).then(function (response) {
          return response.text().then(function (text) {
            var size = new Blob([text]).size.toLocaleString("en") + " bytes";
            var status = response.status + " " + response.statusText;
            if (!response.ok) { answer(status + ": there is no such file", ""); return; }
            answer(status + ", " + size, readable(text, response.headers.get("Content-Type") || ""));
          });
        }).catch(function (error) { answer("It could not be fetched: " + error.message, ""); });
      }

      button.addEventListener("click", ask);
      each("input", function (input) {
        input.addEventListener("keydown", function (event) {
          if (event.key === "Enter") { ask(); }
        });
      }, box);
    });
  }

  /* The form for a new product: what it writes is what the schema takes, every string quoted. */
  function creating() {
    var form = document.querySelector("[data-create]");
    if (!form) { return; }
    var said = form.dataset;
    var pattern = new RegExp("^(?:" + said.pattern + ")$");
    var fault = document.getElementById("new-name-fault");
    var open = document.getElementById("new-open");
    var command = document.getElementById("new-command");

    /* What was pasted may hold what the registry refuses in a text: other ends of a line become
       its own, or a space where there is one line only; other control characters go. */
    function value(name) {
      var box = form.elements[name];
      var text = box.value.replace(/\r\n?|[\u000b\u000c\u0085\u2028\u2029]/g, "\n");
      if (box.localName === "input") { text = text.replace(/[\n\t]+/g, " "); }
      return text.replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufeff\ufffe\uffff]/g, "")
        .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(^|[^\ud800-\udbff])[\udc00-\udfff]/g, "$1")
        .trim();
    }

    function slug(text) {
      return text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 63);
    }

    /* JSON's strings are YAML's; what the registry's readers refuse raw is escaped. */
    function quoted(text) {
      return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, function (sign) {
        return "\\u" + ("000" + sign.charCodeAt(0).toString(16)).slice(-4);
      });
    }

    function shell(text) {
      return /^[A-Za-z0-9_./:=-]+$/.test(text) ? text : "'" + text.replace(/'/g, "'\\''") + "'";
    }

    function file(name) {
      var lines = [said.modelLine, "name: " + quoted(name || "…")];
      ["title", "description"].forEach(function (field) {
        if (value(field)) { lines.push(field + ": " + quoted(value(field))); }
      });
      var extra = ["team", "repository"].filter(value);
      if (extra.length) { lines.push("extra_metadata:"); }
      extra.forEach(function (field) { lines.push("  " + field + ": " + quoted(value(field))); });
      return lines.join("\n") + "\n";
    }

    function line(name) {
      var parts = ["versioner product create " + (name || "…")];
      if (value("description")) { parts.push("--description " + shell(value("description"))); }
      if (value("title")) { parts.push("--set " + shell("title=" + JSON.stringify(value("title")))); }
      ["team", "repository"].filter(value).forEach(function (field) {
        parts.push("--set " + shell("extra_metadata." + field + "=" + JSON.stringify(value(field))));
      });
      return parts.join(" ");
    }

    function write() {
      var name = value("name");
      var legal = pattern.test(name);
      var input = form.elements.name;
      var near = slug(name);
      var wrong = name && !legal;
      fault.textContent = wrong ? "Not a legal name." + (near && pattern.test(near) && near !== name
        ? " Did you mean " + near + "?" : "") : "";
      if (wrong) { input.setAttribute("aria-invalid", "true"); } else { input.removeAttribute("aria-invalid"); }
      var path = said.path.replace("NAME", legal ? name : "…");
      document.getElementById("new-path").textContent = path;
      document.getElementById("new-file").textContent = file(legal ? name : "");
      if (command) { command.textContent = line(legal ? name : ""); }
      if (open) {
        if (legal) {
          var query = new URLSearchParams();
          query.set(said.pathKey, path);
          query.set(said.contentKey, file(name));
          open.href = said.newFile + "?" + query.toString().replace(/\+/g, "%20");
          open.removeAttribute("aria-disabled");
        } else {
          open.removeAttribute("href");
          open.setAttribute("aria-disabled", "true");
        }
      }
    }

    form.addEventListener("input", write);
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      if (open && open.href) { open.click(); }
    });
    write();
  }

  /* Search is a script of its own, loaded when a reader reaches for it. */
  function searching() {
    var input = document.querySelector("[data-search] input");
    if (!input) { return; }

    input.addEventListener("focus", function () { load("assets/search.js"); }, { once: true });
    document.addEventListener("keydown", function (event) {
      var typing = event.target.closest("input, textarea, select, [contenteditable]");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) { return; }
      event.preventDefault();
      input.focus();
      input.select();
    });
    /* What is not there may be there under a name like it. */
    if (document.querySelector("[data-lost]")) {
      var parts = location.pathname.split("/").filter(function (part) {
        return part && !/^(products|environments|deployments|index\.html|404\.html)$/.test(part);
      });
      if (parts.length && location.protocol !== "file:") {
        try { input.value = decodeURIComponent(parts[0]).replace(/\.html$/, ""); } catch (_) { /* not text */ }
      }
      input.focus();
    }
  }

  window.versionerPage = { each: each, make: make, home: HOME };

  themes();
  if (!moved()) {
    times();
    ageing();
    sorting();
    columns();
    filtering();
    anchors();
    copying();
    creating();
    searching();
    trying();
  }
}());
