"""Build the site: gather every view, render every page, then write what changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from versioner.resources import site_templates_dir
from versioner.site.atlas import Atlas
from versioner.site.files import claim, publish
from versioner.site.pages import pages_of
from versioner.site.render import Renderer
from versioner.site.views.about import counts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from versioner.registry.records import Registry

__all__ = ["BuildReport", "build_site"]

_ASSETS: Final = ("icon.svg", "site.css", "site.js")


@dataclass(frozen=True, slots=True)
class BuildReport:
    """Count what a build did: files written, unchanged and removed, and pages among them."""

    written: int
    unchanged: int
    removed: int
    pages: int


def build_site(
    registry: Registry,
    out: Path,
    *,
    now: str,
    tool_version: str,
    base_url: str = "",
    progress: Callable[[int], None] | None = None,
) -> BuildReport:
    """Build a registry's site into a folder that is new, empty or an earlier build's.

    `now` is the tip's commit time (RFC 3339, `Z`): ages are reckoned from it, so that one
    registry makes the same bytes whenever it is built. `base_url` is where the site will be
    served (only `404.html` needs it). `progress` is told how many pages are rendered. Nothing
    is written unless everything could be rendered; raises Failure.
    """
    before = claim(out)
    atlas = Atlas(registry, now=now, base_url=base_url)
    templates = site_templates_dir()
    renderer = Renderer(templates)
    files: dict[str, bytes] = {}
    for page in pages_of(atlas, tool_version):
        files[page.path] = renderer.render(page.template, page.view)
        if progress is not None:
            progress(len(files))
    pages = len(files)
    for name in _ASSETS:
        files[f"assets/{name}"] = (templates / "assets" / name).read_bytes()
    files["build.json"] = _build_facts(atlas, tool_version)
    done = publish(out, files, before)
    return BuildReport(done.written, done.unchanged, done.removed, pages)


def _build_facts(atlas: Atlas, tool_version: str) -> bytes:
    facts = {
        "generator": "versioner",
        "tool_version": tool_version,
        "revision": atlas.registry.revision,
        "commit_time": atlas.now,
        "counts": counts(atlas),
    }
    return (json.dumps(facts, indent=2) + "\n").encode()
