"""The only package that runs git.

Start with `process` (runs git) and `repository` (finds a repository). `objects` and `snapshot`
read files. `transaction` locks the repository and `commit` commits; `journal` and `recovery`
complete a commit that was interrupted. `index` reads what a sparse checkout leaves out, and stores
the times of written files. `history` reads past commits.
"""
