"""The static site: registry to views to templates to files."""
