/* What is closed now, which pages with closed times load. */

import { showClosedTimes } from "../closed_times.js";

showClosedTimes();
