"""The static site of a registry: views, templates and the files that are written from them."""
