"""What may ship, read from files: rules, requests, templates, groups and decisions."""
