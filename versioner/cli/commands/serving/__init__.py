"""The commands that serve others: the server, and the tokens of its callers."""
