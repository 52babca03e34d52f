"""Validate one document or one log; every problem has a line, a code and a hint."""
