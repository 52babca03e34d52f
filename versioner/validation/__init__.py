"""Check one document or one log; every problem has its place, a code and a hint."""
