/* The elements of a page, and the scripts that a page loads later. */

/* The root of the site: every script is in assets/scripts/. */
export const HOME = new URL("../..", document.currentScript.src);

export function all(selector, within = document) {
  return [...within.querySelectorAll(selector)];
}

export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  if (className) { element.className = className; }
  element.textContent = text;
  return element;
}

export function isTyping(element) {
  return Boolean(element.closest("input, textarea, select, [contenteditable], dialog"));
}

export function loadScript(path, onError = null) {
  const script = make("script");
  script.src = new URL(path, HOME).href;
  script.onerror = onError;
  document.head.append(script);
}
