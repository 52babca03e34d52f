"""Delivery of events to a remote registry: to its branch or inbox, and from inbox to branch."""
