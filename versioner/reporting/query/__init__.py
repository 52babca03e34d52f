"""Reports of what a registry holds: a module for each command that asks."""
