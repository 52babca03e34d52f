"""The content of each page as plain data; templates decide nothing.

A view is a dictionary of texts, links, numbers, booleans, and lists of views. It contains no
markup. Links are made of validated names; a URL from data has passed `outward`.
"""
