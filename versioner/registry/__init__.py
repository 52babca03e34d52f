"""Read a snapshot as a registry: records, folded events, checks across files, the cache."""
