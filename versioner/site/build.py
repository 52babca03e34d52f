"""The build of a site: compute every view, render every page, then write what changed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from versioner.errors import ValidationFailed
from versioner.resources import site_templates_dir
from versioner.site.api.reference import reference_view
from versioner.site.context import SiteContext
from versioner.site.exports.files import crawler_files, machine_files
from versioner.site.exports.search_index import search_files
from versioner.site.output import claim, publish
from versioner.site.pages import Page, pages_of
from versioner.site.parallel_render import render_pages
from versioner.site.render import Templates, read_templates
from versioner.site.render_cache import RenderCache
from versioner.site.scripts import script_files
from versioner.site.template_overrides import NO_OVERRIDES, Overrides
from versioner.site.urls import REFERENCE
from versioner.site.views.about import counts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from versioner.git.event_commits import RecordedBy
    from versioner.registry.records import Registry
    from versioner.remote.inbox_refs import Inbox

__all__ = ["BuildReport", "build_site"]

_ASSETS: Final = ("icon.svg", "site.css")
# Redirects, and pages about what is not there.
_UNINDEXED: Final = frozenset({"redirect.html", "deleted.html", "not_found.html"})


@dataclass(frozen=True, slots=True)
class BuildReport:
    """How many files a build wrote, left and removed, how many pages it has and rendered."""

    written: int
    unchanged: int
    removed: int
    pages: int
    rendered: int = 0


def build_site(
    registry: Registry,
    out: Path,
    *,
    now: str,
    tool_version: str,
    base_url: str = "",
    overrides: Overrides = NO_OVERRIDES,
    recorded: Mapping[str, RecordedBy] | None = None,
    inbox: Inbox | None = None,
    forge: Mapping[str, str] | None = None,
    cache: Path | None = None,
    jobs: int = 1,
    progress: Callable[[int], None] | None = None,
) -> BuildReport:
    """Build a registry's site into a folder that is new, empty or an earlier build's.

    `now` is the commit time of the tip (RFC 3339, `Z`). Ages are computed from it, so that a
    registry gives the same bytes whenever it is built. `base_url` is the address of the site;
    `404.html`, the sitemap and the feeds need it. `overrides` are the registry's own templates.
    `recorded` maps event ids to the commits that recorded the events. `inbox` has the events
    that were received and are not recorded. `forge` is the forge of the clone's remote, where
    registry.yaml names none. `cache` is the file of the render cache: with it, a
    page is rendered again only when its view or its template changed. `jobs` is how many
    processes share the work. `progress` is called with the number of pages done.

    Nothing is written unless every page was rendered. Raises ValidationFailed where one of the
    registry's own templates is wrong, else OperationFailed.
    """
    before = claim(out)
    context = SiteContext(
        registry, now=now, base_url=base_url, recorded=recorded, inbox=inbox, forge=forge
    )
    _check_logo(context, overrides)
    folder = site_templates_dir()
    files: dict[str, bytes] = {}
    pages = list(pages_of(context, tool_version))
    reference = Page(REFERENCE, "api.html", partial(reference_view, context, files))

    def others() -> list[Page]:
        files.update(machine_files(context))
        files.update(search_files(context))
        files["build.json"] = _build_facts(context, tool_version)
        files["assets/built.js"] = f"versionerBuilt({json.dumps(context.now)});\n".encode()
        return [reference]

    templates = Templates(read_templates(folder), overrides.templates)
    render_cache = RenderCache(cache)
    rendered = render_pages(
        pages, templates, render_cache, out, jobs=jobs, meanwhile=others, progress=progress
    )
    indexed = [page.path for page in (*pages, reference) if page.template not in _UNINDEXED]
    files.update(crawler_files(context.base_url, indexed))
    files.update((f"assets/{name}", (folder / "assets" / name).read_bytes()) for name in _ASSETS)
    files.update(script_files(folder / "scripts"))
    files.update(overrides.assets)
    done = publish(out, {**files, **rendered.fresh}, before, unchanged=rendered.unchanged)
    render_cache.keep(rendered.digests)
    return BuildReport(
        done.written, done.unchanged, done.removed, len(rendered), len(rendered.fresh)
    )


def _check_logo(context: SiteContext, overrides: Overrides) -> None:
    if context.logo and context.logo not in overrides.assets:
        raise ValidationFailed(
            f"site.logo in registry.yaml names a missing picture: {context.logo}",
            hint="put it into site_templates/assets/, beside registry/",
        )


def _build_facts(context: SiteContext, tool_version: str) -> bytes:
    facts = {
        "generator": "versioner",
        "tool_version": tool_version,
        "revision": context.registry.revision,
        "commit_time": context.now,
        "counts": counts(context),
    }
    return (json.dumps(facts, indent=2) + "\n").encode()
