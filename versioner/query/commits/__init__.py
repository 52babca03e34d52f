"""What is in a version: the commits that are recorded, and what two versions differ in."""
