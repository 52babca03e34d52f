"""A git remote: its client, pushes, partial clones, inbox refs and faults."""
