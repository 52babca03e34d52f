/* A version that fits a cell: the same text as `version_text` in versioner/site/wording.py. */

const LONGEST = 24;

export function versionText(version) {
  if (version.length <= LONGEST) { return version; }
  const shorter = version.replace(/[0-9a-f]{16,}/g, (digest) => `${digest.slice(0, 10)}…`);
  return shorter.length <= LONGEST ? shorter : `${shorter.slice(0, 14)}…${shorter.slice(-8)}`;
}
