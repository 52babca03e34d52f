"""What happened between two states of a registry, as notices."""
