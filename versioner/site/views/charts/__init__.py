"""The pictures of pages, with the same numbers as text."""
