"""The files of a commit, and of a work tree.

A file of a work tree is read only where git's index does not know it as unchanged. What is read
of the index saves reading files, and nothing else: an entry that is not found, or is found in
the wrong place, does not match the stat data of the file, which is then read. An index that is
damaged or unknown counts as missing.
"""
