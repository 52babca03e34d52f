"""The registry as static JSON: documents, the OpenAPI that describes them, and its reference.

A field always has one type: what is not known is an empty text, an empty list or false. Links
are relative to the site's root, and each document says in `root` where that is from itself.
"""
