"""Views of how deployments go: metrics and pictures."""
