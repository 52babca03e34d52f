/* The reader's choices in the page's address, so that they can be shared. Where the query cannot
   be changed (a page opened as a file), the fragment has them: #?q=pay */

function isFragmentQuery() {
  return location.hash.startsWith("#?");
}

export function savedChoices() {
  return new URLSearchParams(location.search || (isFragmentQuery() ? location.hash.slice(2) : ""));
}

/* An empty value removes the choice. */
export function saveChoices(changes) {
  const choices = savedChoices();
  for (const [name, value] of Object.entries(changes)) {
    if (value) { choices.set(name, value); } else { choices.delete(name); }
  }
  const text = choices.toString();
  const anchor = isFragmentQuery() ? "" : location.hash;
  try {
    history.replaceState(null, "", location.pathname + (text ? `?${text}` : "") + anchor);
  } catch {
    history.replaceState(null, "", text ? `#?${text}` : "#");
  }
}
