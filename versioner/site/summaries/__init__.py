"""What pages of several products need of each one, kept so that no other product is read."""
