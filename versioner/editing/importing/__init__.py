"""Read the rows of files to import: tables, JSON, and the exports of other systems."""
