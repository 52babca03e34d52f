"""The only place that runs git: find a repository, read from it, commit to it.

Modules: `process` runs git, `repository` finds a repository, `objects` and `snapshot` read,
`transaction` commits (with `lock`, `journal`, `checkout` and `recovery` beneath it), `history`
walks back through time.
"""
