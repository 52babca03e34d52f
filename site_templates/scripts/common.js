/* What every page has: the theme, local times, menus, the search field and keys. */

import { enableKeys } from "./keys.js";
import { enableMenus } from "./menus.js";
import { enableSearchBox } from "./search_box.js";
import { startTheme } from "./theme.js";
import { showLocalTimes } from "./times.js";

export function startPage() {
  startTheme();
  showLocalTimes();
  enableMenus();
  enableSearchBox();
  enableKeys();
}
