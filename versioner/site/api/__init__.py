"""The registry as static JSON: documents, their OpenAPI description, and the reference page.

A field always has the same type: an unknown value is an empty text, an empty list or false. Links
are relative to the site's root, and each document has the path to it in `root`.
"""
