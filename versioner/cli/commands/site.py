"""versioner site: build it, check it, or serve it here."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from versioner.cli.params import NounGroup, examples_epilog, repo_option, rev_option
from versioner.git.state import state_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from versioner.errors import VersionerError
    from versioner.git.repository import Repository
    from versioner.registry.records import Registry
    from versioner.site.build import BuildReport
    from versioner.site.context import RecordedBy

__all__ = ["publish", "site"]

_OUT: Final = "_site"
_FOUND_PROBLEMS: Final = 3
# More processes than this wait for each other more than they render.
_JOBS_MOST: Final = 4


def _web_address(_ctx: click.Context, _parameter: click.Parameter, url: str) -> str:
    if url and not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", url):
        raise click.UsageError(
            f"--base-url {url} is not the URL of a site: for example, https://example.com/releases"
        )
    return url


@click.group(cls=NounGroup, epilog=examples_epilog("versioner site build", "versioner site serve"))
def site() -> None:
    """Build, check or serve the Products site."""


@site.command(
    short_help="Build the site into a folder.",
    epilog=examples_epilog(
        "versioner site build", "versioner site build --out public --rev v2026.11"
    ),
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help=f"The output folder: new, empty, or of an earlier build (default: {_OUT} in the clone).",
)  # fmt: skip
@click.option(
    "--base-url",
    default="",
    metavar="URL",
    help="The URL at which the site will be served.",
    callback=_web_address,
)
@rev_option
@repo_option
def build(out: Path | None, base_url: str, rev: str | None, repo: str | None) -> None:
    """Build the site: static files, which can be read without a server."""
    from versioner.cli.output import show
    from versioner.cli.registry import find_repository
    from versioner.reporting.edits import built_text

    repository = find_repository(repo)
    if out is None and repository.work_tree is None:
        raise click.UsageError(
            "a bare repository has no default output folder: give one with --out"
        )
    folder = out or repository.top / _OUT
    show(built_text(str(folder), publish(repository, rev, folder, base_url)))


@site.command(
    short_help="Serve the site on this machine.",
    epilog=examples_epilog("versioner site serve --port 8000"),
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
    help="Listen on this port of the loopback address; 0: any free port.",
)  # fmt: skip
@repo_option
def serve(port: int, repo: str | None) -> None:
    """Serve the site on this machine; rebuild and reload it when the registry changes."""
    import tempfile

    from versioner.cli.registry import find_repository
    from versioner.site.server import serve as serve_folder

    repository = find_repository(repo)
    with tempfile.TemporaryDirectory(prefix="versioner-site-") as folder:
        watch = _Watch(repository, Path(folder) / "site")
        watch.refresh()
        serve_folder(
            watch.out,
            port,
            refresh=watch.refresh,
            on_ready=lambda url: click.echo(f"serving {url} (Ctrl-C stops)"),
            on_problem=_tell,
        )


@site.command(
    short_help="Check a built site.",
    epilog=examples_epilog("versioner site check", "versioner site check public"),
)
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(path_type=Path))
@repo_option
def check(folder: Path | None, repo: str | None) -> int:
    """Check the pages of a built site (DIR, or _site in the clone).

    Finds dead links, missing anchors, missing files, and markup that runs inline code or loads
    from another host. Prints each problem as a line, `path: problem`, and exits with 3.
    """
    from versioner.cli.output import show
    from versioner.cli.registry import find_repository
    from versioner.reporting.terminal import clean
    from versioner.site.check import check_site

    top = folder or find_repository(repo).top / _OUT
    problems = check_site(top)
    show("\n".join(clean(str(each)) for each in problems) or f"{top}: no problems")
    return _FOUND_PROBLEMS if problems else 0


def _tell(error: VersionerError) -> None:
    from versioner.cli.errors import report_error

    report_error(error)


class _Watch:
    """Build the site again whenever the registry is another than the one that was built."""

    def __init__(self, repository: Repository, out: Path) -> None:
        self.out = out
        self._repository = repository
        self._built: object = None

    def refresh(self) -> bool:
        seen = self._look()
        if seen == self._built:
            return False
        # Noted first: what cannot be built is told once, not every second.
        self._built = seen
        publish(self._repository, None, self.out)
        return True

    def _look(self) -> object:
        from versioner.git.repository import reread

        tree = self._repository.work_tree
        folders = [tree / "registry", tree / "site_templates"] if tree is not None else []
        files = frozenset(found for folder in folders for found in _stats(folder))
        return reread(self._repository).tip, files


def _stats(folder: Path) -> Iterator[tuple[str, int, int]]:
    for base, _, names in os.walk(folder):
        for name in names:
            path = f"{base}/{name}"
            try:
                found = os.stat(path, follow_symlinks=False)  # noqa: PTH116 -- thousands of times
            except OSError:
                continue
            yield path, found.st_mtime_ns, found.st_size


def _recorded(repository: Repository, revision: str | None) -> dict[str, RecordedBy]:
    from versioner.git.event_commits import recorded_events
    from versioner.site.context import RecordedBy

    if revision is None:
        return {}
    found = recorded_events(repository, revision)
    return {event: RecordedBy(*commit) for event, commit in found.items()}


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Spare a large registry and its views the garbage collector: they hold no circles."""
    import gc

    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_uncollected()
def publish(repository: Repository, rev: str | None, out: Path, base_url: str = "") -> BuildReport:
    """Build the site of a revision (None: of the files as they are) into a folder.

    Raises ValidationFailed where the registry has errors.
    """
    from concurrent.futures import ThreadPoolExecutor

    from versioner import __version__
    from versioner.cli.output import Progress
    from versioner.cli.registry import read_registry, reckoned_at, take_snapshot
    from versioner.errors import ValidationFailed
    from versioner.remote.inbox_refs import inbox
    from versioner.site.build import build_site
    from versioner.site.template_overrides import overrides_of

    # git reads the history while the registry is read; no thread may be left when pages are shared
    # out to processes.
    with ThreadPoolExecutor(1) as meanwhile:
        expected = repository.tip if rev is None else None
        begun = meanwhile.submit(_recorded, repository, expected)
        registry = read_registry(repository, rev, quiet=True)
    is_tip = registry.revision == repository.tip
    errors = registry.errors
    if errors:
        first = f"{errors[0].path}:{errors[0].line}:{errors[0].column}: {errors[0].message}"
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise ValidationFailed(
            f"the site is not built, because the registry has errors: {first}{more}",
            errors,
            hint="`versioner validate` lists them",
        )
    now = registry.commit_time or reckoned_at(registry, rev)
    total = _pages_expected(registry)
    overrides = overrides_of(take_snapshot(repository, rev))
    with Progress("Rendering pages") as progress:
        return build_site(
            registry,
            out,
            now=now,
            tool_version=__version__,
            base_url=base_url,
            overrides=overrides,
            recorded=begun.result()
            if registry.revision == expected
            else _recorded(repository, registry.revision),
            # What waits belongs to the present: a past revision knows nothing of it.
            inbox=inbox(repository) if rev is None or is_tip else None,
            memory=state_file(repository.common_dir, "pages.json"),
            jobs=min(_JOBS_MOST, os.cpu_count() or 1),
            progress=lambda done: progress.advance(min(done, total), total),
        )


def _pages_expected(registry: Registry) -> int:
    """Estimate how many pages there will be: one for each month of a product, and a few."""
    months = {
        (record.name, each.at[:7])
        for record in registry.products.values()
        for rows in (record.deployments, record.versions.values())
        for each in rows
    }
    named = len(registry.products) + len(registry.environments)
    return len(months) + named + len(registry.aliases) + len(registry.deleted) + 6
