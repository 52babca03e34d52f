"""Facts derived from a registry, such as drift and owner, each computed here and nowhere else.

The command line, the API, the pages, the badges and the feeds all read these functions, so that
no two of them give different answers.
"""
