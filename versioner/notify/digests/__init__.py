"""The digest of a week: what it has, its words, and its place in the queue."""
