"""The judges of a built site: each reads one kind of file, and none shares code with its writer."""
