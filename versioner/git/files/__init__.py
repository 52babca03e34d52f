"""The files of a work tree, read only where git's index does not know them as unchanged.

What is read of the index saves reading files, and nothing else: an entry that is not found, or
is found in the wrong place, does not match the stat data of the file, which is then read. An
index that is damaged or unknown counts as missing.
"""
