/* A notice on pages of the present state, where the site is old. The time of the build is in a
   script of its own, which every build writes; most pages stay the same from build to build. */

import { loadScript } from "./dom.js";
import { spanText } from "./time_text.js";

const OLD_SECONDS = 7 * 86400;

export function showSiteAge() {
  const notice = document.querySelector("[data-built]");
  if (!notice) { return; }
  window.versionerBuilt = (at) => {
    const seconds = (Date.now() - new Date(at)) / 1000;
    if (!(seconds >= OLD_SECONDS)) { return; }
    notice.textContent =
      `Nothing was recorded for ${spanText(seconds)}, or this site is no longer being built.`;
    notice.hidden = false;
  };
  loadScript("assets/built.js");
}
