"""The build of a site: compute every view, render every page, then write what changed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from versioner.errors import ValidationFailed
from versioner.query.metrics.policy import metrics_policy
from versioner.recorder.archive import made_recorder
from versioner.resources import site_templates_dir
from versioner.site.api.reference import example_person, example_product, reference_view
from versioner.site.context import SiteContext
from versioner.site.digests import code_digest
from versioner.site.earlier_build import EarlierBuild
from versioner.site.exports.files import files_of_product, machine_files, past_file, people_file
from versioner.site.incident_months import changes_file
from versioner.site.lists import lists_of
from versioner.site.output import publish
from versioner.site.pages import Page, front_pages
from versioner.site.rendering.parallel_render import UnitMaker
from versioner.site.rendering.render import Templates, read_templates
from versioner.site.rendering.render_cache import RenderCache
from versioner.site.scripts import script_files
from versioner.site.summaries.catalogue import Catalogue
from versioner.site.summaries.state import SiteState, StateLost
from versioner.site.template_overrides import NO_OVERRIDES, Overrides
from versioner.site.units import RECORDER_UNIT, Unit, units_of
from versioner.site.urls import CLOSED_TIMES, PEOPLE, REFERENCE
from versioner.site.views.about import counts
from versioner.site.views.parts.closed_times import closed_times_script

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from versioner.git.event_commits import RecordedBy
    from versioner.query.gate.rule_activity import RuleActivity
    from versioner.registry.records import Registry
    from versioner.remote.inbox_refs import Inbox
    from versioner.site.rendering.parallel_render import Made

__all__ = ["BuildReport", "build_site"]

# The pages of one unit of those that each build makes.
_FRONT_PAGES: Final = 10
_ASSETS: Final = ("icon.svg", "site.css", "today.css")
# Redirects, and pages about what is not there.
_UNINDEXED: Final = frozenset(
    {"redirect.html", "deleted.html", "not_found.html", "today_mail.html"}
)


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
    trees: Mapping[str, str] | None = None,
    activity: RuleActivity | None = None,
    committed: Callable[[], Mapping[str, str | None]] = dict,
    jobs: int = 1,
    fresh: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> BuildReport:
    """Build a registry's site into a folder that is new, empty or an earlier build's.

    `now` is the commit time of the tip (RFC 3339, `Z`). Ages are computed from it, so that a
    registry gives the same bytes whenever it is built. `base_url` is the address of the site;
    `404.html`, the sitemap and the feeds need it. `overrides` are the registry's own templates.
    `recorded` maps event ids to the commits that recorded the events. `inbox` has the events that
    were received and are not recorded. `forge` is the forge of the clone's remote, where
    registry.yaml names none. `activity` is what happened to the rules; without it, they were
    always as they are. `cache` is the file of the render cache: with it, a page is rendered
    again only when its view or its template changed. `trees` are the git tree ids of products: with
    them and a cache, nothing is computed for a product that is as the last build had it, as long as
    its folders are; with `fresh`, everything is made and compared with the files. `committed`
    returns the tree ids in the commit of the registry. `jobs` is how many processes share the work.
    `progress` is called with the number of pages done and of all.

    Nothing is written unless every page was rendered. Raises ValidationFailed where one of the
    registry's own templates is wrong, else OperationFailed.
    """
    state = SiteState(cache.with_name("site.sqlite") if cache and trees else None)
    keys = _keys_of_summaries(registry, trees or {})

    def build() -> BuildReport:
        context = SiteContext(
            registry, now=now, base_url=base_url, recorded=recorded, inbox=inbox, forge=forge,
            catalogue=Catalogue(registry, state, keys, jobs), activity=activity,
        )  # fmt: skip
        _check_logo(context, overrides)
        earlier = EarlierBuild(out, state, fresh=fresh)
        made = _Build(context, out, state, earlier, keys, committed, tool_version, overrides)
        return made.run(cache, jobs, progress)

    try:
        return build()
    except StateLost:
        state.start_anew()
        return build()
    finally:
        state.close()


class _Build:
    """The build of a site into a folder: what is to be made, and what stays as it is."""

    def __init__(
        self,
        context: SiteContext,
        out: Path,
        state: SiteState,
        earlier: EarlierBuild,
        keys: Mapping[str, str],
        committed: Callable[[], Mapping[str, str | None]],
        tool_version: str,
        overrides: Overrides,
    ) -> None:
        self._context, self._out, self._state = context, out, state
        self._tool_version, self._overrides = tool_version, overrides
        self._keeps_units = bool(keys)
        self._earlier = earlier
        self._templates = Templates(read_templates(site_templates_dir()), overrides.templates)
        units = units_of(context, self._templates, keys, tool_version, committed)
        self._front = _front(context, tool_version)
        self._made = [*self._front, *self._earlier.to_make(units)]
        if any(unit.name == RECORDER_UNIT for unit in self._made):
            # Here, so that it is made once, whichever process writes it.
            made_recorder()

    def run(
        self, cache: Path | None, jobs: int, progress: Callable[[int, int], None] | None
    ) -> BuildReport:
        """Make and write what is to be made; return the numbers of files and pages."""
        kept = self._earlier.pages
        pages = sum(len(tuple(unit.pages())) for unit in self._made)
        total = pages + 1 + kept
        render_cache = RenderCache(cache)
        maker = UnitMaker(
            self._templates, render_cache, self._out, jobs=jobs, keeps_units=self._keeps_units,
            progress=progress and (lambda done: progress(min(done + kept, total), total)),
        )  # fmt: skip
        late: list[Unit] = []

        def others() -> list[Unit]:
            late.extend(self._late(maker.made))
            return late

        with maker:
            maker.make(self._made, pages, others)
            made = maker.made
            units = [each for each in (*self._made, *late) if not self._earlier.is_kept(each.name)]
            paths = self._earlier.with_kept_parts(
                {unit.name: made.paths[unit.name] for unit in units}
            )
            change = self._earlier.change(paths)
            done = publish(self._out, made.changed, maker.write, change)
        render_cache.keep(made.digests)
        self._earlier.replace(
            [(unit, paths[unit.name]) for unit in units], [*made.changed, *change.gone]
        )
        return BuildReport(*done, made.pages + kept, made.rendered)

    def _late(self, made: Made) -> list[Unit]:
        """Return the units that are made last: they have files of others, or list them."""
        context = self._context
        files = dict(machine_files(context))
        files["build.json"] = _build_facts(context, self._tool_version)
        if closed := closed_times_script(context):
            files[CLOSED_TIMES] = closed
        files["assets/built.js"] = f"versionerBuilt({json.dumps(context.now)});\n".encode()
        files.update(_assets(self._overrides))
        unindexed = {
            page.path
            for unit in self._front
            for page in unit.pages()
            if page.template in _UNINDEXED
        }
        return [_machines(context, files), *lists_of(context, self._earlier, made.paths, unindexed)]


def _front(context: SiteContext, tool_version: str) -> list[Unit]:
    """Return the units that each build makes, of some pages each."""
    pages = list(front_pages(context, tool_version))
    parts = [pages[start : start + _FRONT_PAGES] for start in range(0, len(pages), _FRONT_PAGES)]
    return [Unit(f"front:{number}", "", partial(tuple, part)) for number, part in enumerate(parts)]


def _machines(context: SiteContext, files: Mapping[str, bytes]) -> Unit:
    """Return the unit of the API reference, with the files of which it has examples."""
    product, month = example_product(context)
    own: dict[str, bytes] = {}
    if product:
        others = {page.month for page in context.catalogue.of(product).pages} - {month}
        own = dict(files_of_product(context, product, others))
        own.update(changes_file(context, month))
        if month in context.catalogue.past_months:
            own.update(past_file(context, month))
    if PEOPLE in context.sections:
        own.update(people_file(context, ""))
        own.update(people_file(context, example_person(context)))
    make = partial(reference_view, context, {**files, **own}.get)
    return Unit("files", "", lambda: [Page(REFERENCE, "api.html", make)], files.items)


def _keys_of_summaries(registry: Registry, trees: Mapping[str, str]) -> dict[str, str]:
    """Return by product the key of its summary, for those whose content has one."""
    policy = metrics_policy(registry)
    common = json.dumps(
        [
            code_digest(),
            sorted(registry.environment_aliases.items()),
            sorted(registry.listed_instances.items()),
            policy.rollback_window,
            policy.rework_window,
            sorted(policy.failures),
        ]
    )
    digest = hashlib.blake2b(common.encode("ascii"), digest_size=16).hexdigest()
    return {name: f"{trees[name]} {digest}" for name in registry.products if trees.get(name)}


def _assets(overrides: Overrides) -> dict[str, bytes]:
    folder = site_templates_dir()
    own = {f"assets/{name}": (folder / "assets" / name).read_bytes() for name in _ASSETS}
    return {**own, **dict(script_files(folder / "scripts")), **overrides.assets}


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
