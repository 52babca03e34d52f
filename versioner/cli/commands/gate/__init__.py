"""Commands about what may ship: decisions, requests, rules and the question itself."""
