"""Decisions about a new event: new, already recorded, or in conflict."""
