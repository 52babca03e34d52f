"""One event, one commit: context, policy, record, push."""
