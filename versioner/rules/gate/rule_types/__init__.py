"""The types of rules, a module each: whether a rule of the type refuses, and why."""
