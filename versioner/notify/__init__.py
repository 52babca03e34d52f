"""Notifications: what happened between two commits of the branch, sent to channels exactly once.

`run.notify` sends; `after_write.AfterWrite` is what a server calls after each commit;
`dead_letters` lists and retries what failed; `digests` makes the digest of a week.
"""
