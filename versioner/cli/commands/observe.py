"""versioner observe: record what was seen to run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from versioner.cli.commands.completion import environment_names
from versioner.cli.params import examples_epilog, output_option, repo_option

if TYPE_CHECKING:
    from versioner.editing.observe import ObserveResult
    from versioner.editing.workloads.read import Format
    from versioner.git.repository import Repository

__all__ = ["observe"]

_FORMATS = ["kubernetes", "docker", "ecs", "csv"]


@click.command(
    epilog=examples_epilog(
        "kubectl get deployments,statefulsets,daemonsets,pods -A -o json |"
        " versioner observe - --environment production --instance eu-west-1",
        "docker ps --format json | versioner observe - --environment staging",
        "versioner observe running.csv --environment production --fail-on-difference",
        keys="environment, instance, source, at, dry_run, products: [{product, running, version, "
        "versions, images, artifacts, since, recorded, comparison (same, differs or unknown), "
        "differs_since, written, notes}], unclaimed: [{image, count, workloads, reason}], unseen "
        "(products that are recorded there and were never seen), uncertain, instance_listed, "
        "commit, branch.",
    )
)
@click.argument(
    "file", type=click.Path(exists=True, dir_okay=False, path_type=Path, allow_dash=True)
)
@click.option(
    "--environment", "-e", required=True, metavar="NAME", shell_complete=environment_names,
    help="Where the workloads run.",
)  # fmt: skip
@click.option(
    "--instance", default="", metavar="NAME",
    help="The part of the environment that was read: a cluster, region, namespace or host.",
)  # fmt: skip
@click.option(
    "--format", "format_", type=click.Choice(_FORMATS), help="The format (default: detected)."
)
@click.option("--at", metavar="TIME", help="When the input was written, RFC 3339 (default: now).")
@click.option("--dry-run", is_flag=True, help="Show what would be recorded; write nothing.")
@click.option(
    "--allow-empty", is_flag=True,
    help="Accept an input that lists nothing, although products ran there before.",
)  # fmt: skip
@click.option(
    "--fail-on-difference", is_flag=True,
    help="Exit with 5 if a product runs another version than recorded.",
)  # fmt: skip
@output_option
@repo_option
def observe(
    file: Path,
    environment: str,
    instance: str,
    format_: str | None,
    at: str | None,
    dry_run: bool,
    allow_empty: bool,
    fail_on_difference: bool,
    output: str,
    repo: str | None,
) -> None:
    """Record what was seen to run, and compare it with what is recorded.

    FILE (- for standard input) is what `kubectl get ... -o json`, `docker ps --format json` or
    `aws ecs describe-services` print, or a table with the columns product, version and artifact.
    It must list everything that runs in the environment or in the instance: a product that was
    seen before and is not listed is recorded as not running.

    An image belongs to the product whose observe.images in product.yaml name it, else to the
    product whose name is the last part of the image's name. A product whose state changed since
    the last observation gets a line; an unchanged one gets at most one line a day. An observation
    never changes which version is current.
    """
    from versioner.cli import clock
    from versioner.cli.after_commit import result_of
    from versioner.cli.output import show
    from versioner.editing import observe as use_case
    from versioner.editing.workloads.read import read_workloads
    from versioner.reporting.observations import observed_json, observed_text
    from versioner.rules.times import check_at

    now = clock.now()
    moment = check_at(at, now) if at else ""
    found_format, workloads = read_workloads(_data_of(file), cast("Format | None", format_))

    def operation(repository: Repository) -> ObserveResult:
        return use_case.observe(
            repository,
            workloads,
            environment=environment,
            instance=instance,
            source=found_format,
            now=now,
            at=moment,
            allow_empty=allow_empty,
            dry_run=dry_run,
        )

    result = result_of(repo, operation)
    report = observed_json if output == "json" else observed_text
    show(report(result, dry_run=dry_run))
    if fail_on_difference and result.differing:
        _fail(result)


def _data_of(file: Path) -> bytes:
    from versioner.editing.workloads.read import MOST_BYTES

    if str(file) == "-":
        return sys.stdin.buffer.read(MOST_BYTES + 1)
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES + 1)


def _fail(result: ObserveResult) -> None:
    from versioner.errors import Blocked
    from versioner.reporting.text import count

    products = count(len(result.differing), "product")
    verb = "runs" if len(result.differing) == 1 else "run"
    raise Blocked(
        f'{products} in "{result.environment}" {verb} another version than recorded',
        hint="deploy what is recorded, or record what runs with `versioner track deployment`",
    )
