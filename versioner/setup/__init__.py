"""A new registry and its files: init, scaffold, git hooks."""
