"""versioner site: build, check or serve the Products site."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import click

from versioner.cli.commands.query.report import report
from versioner.cli.params import NounGroup, clone_option, examples_epilog, rev_option

__all__ = ["site"]

_OUT: Final = "_site"
_FOUND_PROBLEMS: Final = 3


def _web_address(_ctx: click.Context, _parameter: click.Parameter, url: str) -> str:
    if url and not re.fullmatch(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", url):
        raise click.UsageError(
            f"--base-url {url} is not the URL of a site: for example, https://example.com/releases"
        )
    return url


@click.group(cls=NounGroup, epilog=examples_epilog("versioner site build", "versioner site serve"))
def site() -> None:
    """Build, check or serve the site."""


site.add_command(report)


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
@click.option(
    "--fresh", is_flag=True,
    help="Make every file, also of what is as in the last build, and write those that differ.",
)  # fmt: skip
@rev_option
@clone_option
def build(out: Path | None, base_url: str, fresh: bool, rev: str | None, repo: str | None) -> None:
    """Build the site: static files, which can be read without a server.

    After a change of the registry, what it concerns is made again. A file that was removed from
    the folder, added or replaced is put right too; for one that was written into, use --fresh.
    """
    from versioner.cli.output import publish_with_progress, show
    from versioner.cli.registry import find_repository
    from versioner.reporting.edits import built_text

    repository = find_repository(repo)
    if out is None and repository.work_tree is None:
        raise click.UsageError(
            "a bare repository has no default output folder: give one with --out"
        )
    folder = out or repository.top / _OUT
    report = publish_with_progress(repository, rev, folder, base_url, fresh=fresh)
    show(built_text(str(folder), report))


@site.command(
    short_help="Serve the site on this machine.",
    epilog=examples_epilog("versioner site serve --port 8000"),
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True,
    help="Listen on this port of the loopback address; 0: any free port.",
)  # fmt: skip
@clone_option
def serve(port: int, repo: str | None) -> None:
    """Serve the site on this machine; rebuild and reload it when the registry changes."""
    import tempfile

    from versioner.cli.errors import report_error
    from versioner.cli.output import publish_with_progress
    from versioner.cli.registry import find_repository
    from versioner.site.publish import SiteWatch
    from versioner.site.server import serve as serve_folder

    repository = find_repository(repo)
    with tempfile.TemporaryDirectory(prefix="versioner-site-") as folder:
        out = Path(folder) / "site"
        watch = SiteWatch(repository, lambda: publish_with_progress(repository, None, out))
        watch.refresh()
        serve_folder(
            out,
            port,
            refresh=watch.refresh,
            on_ready=lambda url: click.echo(f"serving {url} (Ctrl-C stops)"),
            on_problem=report_error,
        )


@site.command(
    short_help="Check a built site.",
    epilog=examples_epilog("versioner site check", "versioner site check public"),
)
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(path_type=Path))
@clone_option
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
