"""The export of a registry to engines that exist: Parquet, CSV, JSON Lines and SQLite.

`tables.py` describes each column once; `rows.py` makes the rows of a product; a module for each
format writes them; `folder.py` and `manifest.py` keep the folder whole.
"""
