"""The content of a deployment request at a remote, which an approval names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.delivery.context import fetch_context, ref_of_branch
from versioner.recording.request_decisions import content_in
from versioner.remote.partial_clone import partial_clone

if TYPE_CHECKING:
    from versioner.delivery.direct import Destination

__all__ = ["content_at_remote"]


def content_at_remote(target: Destination, name: str) -> str:
    """Return the hash of a request's content on the remote's branch.

    Raises RemoteFailure, InvalidInput where there is no such request, and Blocked for errors in it.
    """
    with partial_clone(target.remote) as clone:
        place, _ = fetch_context(clone, ref_of_branch(target.branch), [])
        return content_in(place, name)
