/* What every page has: the theme, local times and the search field. */

import { enableSearchBox } from "./search_box.js";
import { startTheme } from "./theme.js";
import { showLocalTimes } from "./times.js";

export function startPage() {
  startTheme();
  showLocalTimes();
  enableSearchBox();
}
