"""What each page shows, as plain data: every decision is made here, none in a template.

A view is a dictionary of texts, links, booleans and lists of the same; nothing in it is markup.
Links are made here from validated names; a URL that came from data went through `outward`.
"""
