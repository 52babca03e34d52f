"""Reading the history of a source repository, which is not the registry."""
