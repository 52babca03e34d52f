/* Search: products, titles, former names, teams, environments, versions and commits. Loaded, like
   the index beside it (assets/search/), when a reader first reaches for it. */
(function () {
  "use strict";

  var page = window.versionerPage;
  var box = document.querySelector("[data-search]");
  var input = box.querySelector("input");
  var panel = box.querySelector(".results");
  var list = panel.querySelector("ul");
  var note = panel.querySelector("[data-found]");
  var names = null;
  var shards = {};
  /* Shards a search may load, entries it shows, letters that versions are looked up from. */
  var MOST_SHARDS = 3;
  var MOST_SHOWN = 24;
  var FEWEST = 2;
  var KEY = 64;
  /* Commits are looked up by so many digits. */
  var DIGEST = /^[0-9a-f]{16}$/;

  window.versionerFound = function (name, data) {
    if (name === "" && data.products) { names = data; } else { shards[name] = data.split("\n"); }
    show();
  };

  function load(file) {
    var script = document.createElement("script");
    script.src = new URL("assets/search/" + file + ".js", page.home).href;
    script.onerror = function () { note.textContent = "The search index cannot be loaded."; };
    document.head.appendChild(script);
  }

  function hex(text) {
    return Array.prototype.map.call(new TextEncoder().encode(text), function (byte) {
      return ("0" + byte.toString(16)).slice(-2);
    }).join("");
  }

  /* The longest shard that the word begins with; else those that begin with the word. */
  function shardsFor(word) {
    var within = names.shards.filter(function (name) { return word.indexOf(name) === 0; });
    if (within.length) { return [within.sort(function (a, b) { return b.length - a.length; })[0]]; }
    return names.shards.filter(function (name) { return name.indexOf(word) === 0; });
  }

  function all(words, text) {
    return words.every(function (word) { return text.indexOf(word) >= 0; });
  }

  function people(words, found) {
    names.products.forEach(function (product) {
      if (all(words, product.join(" ").toLowerCase())) {
        found.push({
          text: product[1], kind: product[2] || "product",
          href: "products/" + product[0] + "/index.html",
          first: product[0].indexOf(words[0]) === 0 ? 0 : 1
        });
      }
    });
    names.environments.forEach(function (environment) {
      if (all(words, environment[0].toLowerCase())) {
        found.push({ text: environment[0], kind: "environment", href: environment[1], first: 0 });
      }
    });
    found.sort(function (a, b) { return a.first - b.first; });
  }

  /* One word begins a version or a commit; the others are in the product's names. */
  function versions(words, found) {
    var titles = {};
    var state = { waiting: false, more: false };
    names.products.forEach(function (product) { titles[product[0]] = product; });
    words.forEach(function (word, index) {
      if (word.length < FEWEST) { return; }
      var others = words.filter(function (_, other) { return other !== index; });
      var key = word.slice(0, KEY);
      var fitting = shardsFor(key);
      state.more = state.more || fitting.length > MOST_SHARDS;
      fitting.slice(0, MOST_SHARDS).forEach(function (name) {
        if (shards[name] === undefined) {
          shards[name] = null;
          load(hex(name));
        }
        if (shards[name] === null) { state.waiting = true; return; }
        shards[name].forEach(function (line) {
          var parts = line.split(" ");
          var fits = parts[0].indexOf(key) === 0 ||
            (DIGEST.test(parts[0]) && key.indexOf(parts[0]) === 0);
          if (!fits) { return; }
          var product = titles[parts[1]];
          var version = parts[3] || parts[0];
          if (!product || !all(others, product.join(" ").toLowerCase())) { return; }
          found.push({
            text: version, kind: product[1],
            href: "products/" + parts[1] + "/" + parts[2] + ".html#v-" + encodeURI(version)
          });
        });
      });
    });
    return state;
  }

  function row(entry) {
    var item = page.make("li");
    var link = page.make("a");
    link.href = new URL(entry.href, page.home).href;
    link.appendChild(page.make("b", "", entry.text));
    link.appendChild(page.make("span", "", entry.kind));
    item.appendChild(link);
    return item;
  }

  function show() {
    var words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    panel.hidden = !words.length;
    list.textContent = "";
    if (!words.length) { note.textContent = ""; return; }
    if (!names) { note.textContent = "Loading…"; return; }
    var found = [];
    people(words, found);
    var state = versions(words, found);
    found.slice(0, MOST_SHOWN).forEach(function (entry) { list.appendChild(row(entry)); });
    var many = found.length > MOST_SHOWN || state.more;
    if (found.length) {
      note.textContent = (many ? "The first " + Math.min(found.length, MOST_SHOWN) : found.length) +
        " found" + (many ? "; type more to narrow it down" : "");
    } else {
      note.textContent = state.waiting ? "Loading…" : "Nothing found. Try a product, a team, or how a version or commit begins.";
    }
  }

  function step(event) {
    var links = Array.prototype.slice.call(list.querySelectorAll("a"));
    var at = links.indexOf(document.activeElement);
    if (event.key === "Escape") {
      panel.hidden = true;
      input.focus();
    } else if (event.key === "ArrowDown" && links.length) {
      links[Math.min(at + 1, links.length - 1)].focus();
    } else if (event.key === "ArrowUp" && links.length) {
      if (at > 0) { links[at - 1].focus(); } else { input.focus(); }
    } else if (event.key === "Enter" && at < 0 && links.length) {
      links[0].click();
    } else {
      return;
    }
    event.preventDefault();
  }

  input.addEventListener("input", show);
  input.addEventListener("focus", show);
  box.addEventListener("keydown", step);
  document.addEventListener("click", function (event) {
    if (!box.contains(event.target)) { panel.hidden = true; }
  });
  load("index");
  show();
}());
