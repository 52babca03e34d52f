/* The search index: scripts in assets/search/, one of names and several of versions and commits by
   their first letters, which are loaded when a search needs them. Each calls versionerFound. */

import { HOME, loadScript } from "./dom.js";

/* The most parts that one search loads, and the fewest letters of a version or commit. */
const MOST_PARTS = 3;
const FEWEST_LETTERS = 2;
const KEY_LENGTH = 64;
/* A commit is found by so many digits: the one of a version by 16, another one by 10. */
const COMMIT_KEY = /^(?:[0-9a-f]{10}|[0-9a-f]{16})$/;

let names = null;
const parts = new Map();

function hex(text) {
  return [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function hasAll(words, texts) {
  const text = texts.join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

/* The longest prefix of the word that has a part; else the parts whose prefix the word begins. */
function partsFor(word) {
  const within = names.shards.filter((prefix) => word.startsWith(prefix));
  if (within.length) { return [within.sort((a, b) => b.length - a.length)[0]]; }
  return names.shards.filter((prefix) => prefix.startsWith(word));
}

function findNames(words) {
  const products = names.products.filter((product) => hasAll(words, product)).map(([name, title, team]) => ({
    text: title,
    kind: team || "product",
    href: `products/${name}/index.html`,
    order: name.startsWith(words[0]) ? 0 : 1,
  }));
  const environments = names.environments
    .filter(([title, , ...former]) => hasAll(words, [title, ...former]))
    .map(([title, href]) => ({ text: title, kind: "environment", href, order: 0 }));
  const people = names.people.filter(([name]) => hasAll(words, [name])).map(([name, slug = name]) => ({
    text: name,
    kind: "person",
    href: `people/${slug}/index.html`,
    order: name.toLowerCase().startsWith(words[0]) ? 0 : 1,
  }));
  return [...products, ...environments, ...people].sort((a, b) => a.order - b.order);
}

function findInPart(lines, key, others, products) {
  return lines.map((line) => line.split(" "))
    .filter(([word]) => word.startsWith(key) || (COMMIT_KEY.test(word) && key.startsWith(word)))
    .filter(([, name]) => products.has(name) && hasAll(others, products.get(name)))
    .map(([word, name, page, version = word]) => ({
      text: version,
      kind: products.get(name)[1],
      href: `products/${name}/${page}.html#v-${encodeURI(version)}`,
    }));
}

/* A digest is found by its digits: `sha256:...`, also at the end of an image reference. */
const DIGEST_START = /^(?:.*@)?sha(?:256|512):/;

/* One word is the beginning of a version, a commit or a digest; the others are in the names of its
   product. */
function findVersions(words, load) {
  const products = new Map(names.products.map((product) => [product[0], product]));
  const result = { entries: [], isLoading: false, hasMore: false };
  words.forEach((word, index) => {
    const key = word.replace(DIGEST_START, "").slice(0, KEY_LENGTH);
    if (key.length < FEWEST_LETTERS) { return; }
    const others = words.filter((_, other) => other !== index);
    const prefixes = partsFor(key);
    result.hasMore = result.hasMore || prefixes.length > MOST_PARTS;
    for (const prefix of prefixes.slice(0, MOST_PARTS)) {
      if (!parts.has(prefix)) {
        parts.set(prefix, null);
        load(hex(prefix));
      }
      const lines = parts.get(prefix);
      if (lines) {
        result.entries.push(...findInPart(lines, key, others, products));
      } else {
        result.isLoading = true;
      }
    }
  });
  return result;
}

/* `onChange` is called when a part was loaded, `onError` when one cannot be. */
export function openIndex(onChange, onError) {
  const load = (file) => loadScript(`assets/search/${file}.js`, onError);
  window.versionerFound = (name, data) => {
    if (name === "" && data.products) { names = data; } else { parts.set(name, data.split("\n")); }
    onChange();
  };
  load("index");
  return (words) => {
    if (!names) { return { entries: [], isLoading: true, hasMore: false }; }
    const found = findVersions(words, load);
    return { ...found, entries: [...findNames(words), ...found.entries] };
  };
}

export function addressOf(entry) {
  return new URL(entry.href, HOME).href;
}
