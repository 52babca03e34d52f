"""Pure questions to a registry; the present time is an argument."""
