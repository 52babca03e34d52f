"""The spool: undelivered events on this machine, and the processes that send events together."""
