"""The page about recording from a job: the recorder, its hash, and the lines that use it."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from versioner.recorder.archive import CHECKSUM, RECORDER
from versioner.site.urls import ABOUT, RECORD
from versioner.site.views.parts.layout import View, crumb, frame
from versioner.site.views.parts.snippets import snippet_views

if TYPE_CHECKING:
    from versioner.recorder.archive import MadeRecorder
    from versioner.site.context import SiteContext

__all__ = ["record_view"]


def record_view(context: SiteContext, made: MadeRecorder) -> View:
    """Return the view of the page, with the addresses of this site and of its registry."""
    about = crumb("About", context.link(RECORD, ABOUT))
    site = context.base_url or "https://ADDRESS-OF-THIS-SITE/"
    registry = f"{context.forge.url}.git" if context.forge.url else "URL-OF-THE-REGISTRY"
    return {
        "frame": frame(context, RECORD, "Record from a job", section=RECORD, crumbs=[about]),
        "file": {"text": RECORDER, "href": context.link(RECORD, RECORDER)},
        "checksum": {"text": CHECKSUM, "href": context.link(RECORD, CHECKSUM)},
        "sha256": made.sha256,
        "size": f"{len(made.data) / 1000:,.0f} kB",
        "lines": "\n".join(
            [
                "set -eu",
                f"curl -fsSLO {quote(site + RECORDER)}",
                f'echo "{made.sha256}  {RECORDER}" | sha256sum -c -',
                f"python3 {RECORDER} track deployment --product PRODUCT "
                f"--environment ENVIRONMENT --repo {quote(registry)}",
            ]
        ),
        "variables": [
            {"name": "VERSIONER_REPO", "value": registry},
            {"name": "VERSIONER_RECORDER", "value": site + RECORDER},
            {"name": "VERSIONER_SHA256", "value": made.sha256},
        ],
        "systems": snippet_views(registry, site + RECORDER, made.sha256),
        "packages": [f"{name} {version}" for name, version in made.packages.items()],
    }
