"""Edits of people's files, imports, corrections, format and validate."""
