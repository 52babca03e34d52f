"""Events that other systems send, each with its signature checked.

`routes.py` has a route for each system. `signatures.py` checks who sent a request, the module of a
system says what it tells, `drafts.py` makes events of that by the mappings of `versioner import`,
and `answers.py` says to the sender what was recorded, or why nothing was.
"""

from versioner.server.hooks.routes import router

__all__ = ["router"]
