"""The history check: a revision of the registry against its merge base."""
