"""Whether a rule, or a file that cannot be read, is about a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.registry.governance.scopes import is_match

if TYPE_CHECKING:
    from versioner.models.governance import Rule, UnreadableFile
    from versioner.registry.governance.scopes import Site
    from versioner.registry.records import Registry

__all__ = ["is_in_scope"]


def is_in_scope(subject: Rule | UnreadableFile, site: Site, registry: Registry) -> bool:
    """Return whether a place is in the scope of a rule, or perhaps in that of an unreadable file.

    A key that a file's scope could not be read from excludes nothing.
    """
    applies_to = subject.scope if hasattr(subject, "scope") else subject.applies_to
    if not is_match(applies_to, site, registry):
        return False
    return subject.excepted is None or not is_match(subject.excepted, site, registry)
