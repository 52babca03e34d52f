"""What runs somewhere, read from the output of the tools that know it."""
