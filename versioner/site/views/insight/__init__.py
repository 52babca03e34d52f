"""Views of what happened and how deployments go: days, metrics and pictures."""
