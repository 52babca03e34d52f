/* A new product as text: the YAML of its file, and the command that creates it. */

/* The registry refuses some characters in a text: other ends of a line become its own (or a space
   in a text of one line), other control characters and lone surrogates are removed. */
export function cleanText(raw, isOneLine) {
  let text = raw.replace(/\r\n?|[\u000b\u000c\u0085\u2028\u2029]/g, "\n");
  if (isOneLine) { text = text.replace(/[\n\t]+/g, " "); }
  return text.replace(/[\u0000-\u0008\u000e-\u001f\u007f-\u009f\ufeff\ufffe\uffff]/g, "")
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(^|[^\ud800-\udbff])[\udc00-\udfff]/g, "$1")
    .trim();
}

/* A JSON string is a YAML string; characters that the registry refuses unescaped are escaped. */
function yamlString(text) {
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff]/g, (character) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function shellWord(text) {
  return /^[A-Za-z0-9_./:=-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}

export function nameFrom(text) {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 63);
}

/* `fields` has the texts of the form; an empty one is left out. */
export function productFile(modelLine, name, fields) {
  const line = (key) => `${key}: ${yamlString(fields[key])}`;
  const extra = ["team", "repository"].filter((key) => fields[key]);
  return [
    modelLine,
    `name: ${yamlString(name || "…")}`,
    ...["title", "description"].filter((key) => fields[key]).map(line),
    ...(extra.length ? ["extra_metadata:"] : []),
    ...extra.map((key) => `  ${line(key)}`),
  ].join("\n") + "\n";
}

export function createCommand(name, fields) {
  const parts = [`versioner product create ${name || "…"}`];
  const set = (key, text) => parts.push(`--set ${shellWord(`${key}=${JSON.stringify(text)}`)}`);
  if (fields.description) { parts.push(`--description ${shellWord(fields.description)}`); }
  if (fields.title) { set("title", fields.title); }
  if (fields.team) { set("extra_metadata.team", fields.team); }
  if (fields.repository) { set("extra_metadata.repository", fields.repository); }
  return parts.join(" ");
}
