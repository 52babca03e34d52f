"""Questions about what may ship: rules, requests, and what was done in spite of them."""
