/* What the overview loads after all else: its menu of columns and groups, and the figures of the week. */

import { enableColumns } from "../columns.js";
import { enableDensity } from "../density.js";
import { enableGroups } from "../groups.js";
import { countLastWeek } from "../week.js";

countLastWeek();
enableDensity();
enableGroups();
enableColumns();
