"""What can be done to a registry: judge, build the changes, make them one commit."""
