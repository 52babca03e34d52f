"""Which commit added a line, and who signed it."""
