"""The judgement of a new event: whether it is new, recorded already, or in conflict."""
