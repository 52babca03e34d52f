"""Compare two states of a registry, or two environments of one."""
