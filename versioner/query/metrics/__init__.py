"""How deployments go: frequency, lead time, change failure rate, time to restore, rework."""
