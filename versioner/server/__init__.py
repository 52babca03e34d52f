"""The HTTP server: the API, the live site, and the page that edits."""
