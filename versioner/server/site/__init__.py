"""The site of a server: built again after each commit, and served to those who may read it."""
