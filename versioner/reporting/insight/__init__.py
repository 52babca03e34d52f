"""Reports of how deployments go, and of where a change is."""
