"""Reports about what may ship: decisions, requests, rules and answers."""
