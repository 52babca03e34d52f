"""Commands that answer questions to the registry."""
