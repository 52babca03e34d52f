"""Look a registry and its remote over: what is well, what is not, and what to do about it."""
