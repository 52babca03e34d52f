"""Events to a remote registry: directly, by the inbox, and from the inbox to the branch."""
