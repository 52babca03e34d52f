"""The rendering of a site: views become pages, in several processes."""
