"""The checks of a registry and its remote, and the remedy for each problem."""
