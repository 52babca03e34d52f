"""Pure questions to a registry; `now` and every other moment is passed in."""
