"""The only place that runs git: find a repository, read from it, commit to it.

Modules: `git` runs it, `location` finds a repository, `objects` and `snapshot` read,
`commits` writes (with `lock`, `intent`, `checkout` and `recovery` beneath), `history` walks
back through time, `push` publishes one commit.
"""
