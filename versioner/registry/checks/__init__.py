"""Checks of a registry that no schema can judge, and what is kept of their results."""
