"""Fold events into what they say: deployments, versions, and what runs in each cell."""
