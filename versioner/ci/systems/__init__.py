"""The CI systems that are known: of forges, on servers of their own, and services."""
