"""From a snapshot to a registry: records, folded events, checks across files, the cache."""
