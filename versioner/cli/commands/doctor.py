"""versioner doctor: check a registry and its remote for problems."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from versioner.cli.params import examples_epilog, output_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.doctor.checks import Check, CheckContext

__all__ = ["doctor"]

_FOUND_PROBLEMS = 1


@click.command(
    epilog=examples_epilog(
        "versioner doctor",
        "versioner doctor --repo https://git.example.com/team/registry.git --probe",
        keys="checks: [{name, verdict (ok, note, warning, problem), message, remedy}], problems, "
        "warnings (how many). A name may occur several times, or not at all.",
    )
)
@click.option(
    "--repo",
    metavar="PATH|URL",
    envvar="VERSIONER_REPO",
    default=None,
    help="The registry: a clone, a bare repository on a server, or a URL (default: the repository "
    "that contains the current folder).",
)
@click.option(
    "--branch",
    metavar="NAME",
    envvar="VERSIONER_BRANCH",
    default=None,
    help="The remote's branch that holds the registry (default: the one that registry.yaml names, "
    "else the remote's HEAD).",
)
@click.option(
    "--probe",
    is_flag=True,
    help="Push a small ref below refs/versioner/probe/, and delete it again: this is the only way "
    "to find out whether the remote accepts such refs.",
)
@click.option(
    "--timeout",
    metavar="SECONDS",
    type=click.FloatRange(min=0.1, max=600),
    default=20,
    show_default=True,
    help="The time limit for each request to the remote.",
)
@output_option
def doctor(repo: str | None, branch: str | None, probe: bool, timeout: float, output: str) -> int:
    """Check the registry and its remote for problems, and print a remedy for each.

    Changes nothing, locally or on the remote, unless --probe is given. Exit code 1 means that
    there is a problem.
    """
    from versioner.cli.output import show, terminal_layout
    from versioner.reporting.doctor import checks_json, checks_text

    checks = _examine(repo, branch or "", _context(probe, timeout))
    show(checks_json(checks) if output == "json" else checks_text(terminal_layout(), checks))
    return _FOUND_PROBLEMS if any(check.verdict == "problem" for check in checks) else 0


def _context(probe: bool, timeout: float) -> CheckContext:
    from versioner.cli import clock
    from versioner.cli.spool_dir import spool_folder
    from versioner.doctor.checks import CheckContext

    return CheckContext(
        lambda: clock.now(), lambda: clock.entropy(), spool_folder(os.environ), probe, timeout
    )


def _examine(repo: str | None, branch: str, context: CheckContext) -> Sequence[Check]:
    from versioner.doctor.run import examine_clone, examine_url
    from versioner.git.repository import open_repository
    from versioner.registry.checks.results_file import ValidatedProducts
    from versioner.remote.url import TOKEN, address_of, is_url

    token = os.environ.get(TOKEN, "")
    if repo and is_url(repo):
        return examine_url(address_of(repo, token), context, branch=branch)
    repository = open_repository(Path(repo) if repo else Path.cwd())
    with ValidatedProducts.of(repository) as kept:
        return examine_clone(repository, context, branch=branch, token=token, kept=kept)
