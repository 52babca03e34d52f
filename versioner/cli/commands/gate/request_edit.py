"""versioner request create, open, cancel and add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from versioner.cli import clock
from versioner.cli.commands.completion import environment_names, request_names, template_names
from versioner.cli.params import (
    comment_option,
    examples_epilog,
    output_option,
    repo_option,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["add", "cancel", "create", "open_"]

_name: Final = click.argument("name", shell_complete=request_names)
_by: Final = click.option("--by", default="", metavar="LOGIN", help="Who opens it.")


@click.command(
    short_help="Create a request.",
    epilog=examples_epilog(
        "versioner request create december --from staging --to production --open",
        "versioner request create hotfix --environment production --version shop=2.1.1 "
        "--approval qa=1",
        keys="outcome (created, would_create), request (as its file), left_out: {product, "
        "version, reason}, notes, commit (or null).",
    ),
)
@click.argument("name")
@click.option(
    "--template",
    metavar="NAME",
    default="",
    shell_complete=template_names,
    help="Start from registry/templates/NAME.yaml.",
)
@click.option(
    "--from",
    "source",
    metavar="ENVIRONMENT",
    default="",
    shell_complete=environment_names,
    help="With --to: propose what runs here and differs there, but no blocked version.",
)
@click.option(
    "--to",
    "target",
    metavar="ENVIRONMENT",
    default="",
    shell_complete=environment_names,
    help="Where the versions are to be deployed.",
)
@click.option(
    "--environment",
    "-e",
    "environments",
    multiple=True,
    metavar="NAME",
    shell_complete=environment_names,
    help="Where the versions are to be deployed. Repeatable.",
)
@click.option(
    "--version",
    "versions",
    multiple=True,
    metavar="PRODUCT=VERSION",
    help="A version that the request holds. Repeatable.",
)
@click.option(
    "--approval",
    "approvals",
    multiple=True,
    metavar="TYPE=PEOPLE",
    help="How many people must approve, by type: qa=1. Repeatable.",
)
@click.option("--before", multiple=True, metavar="TEXT", help="A step before. Repeatable.")
@click.option("--after", multiple=True, metavar="TEXT", help="A step after. Repeatable.")
@click.option("--title", default="", help="The title that people see.")
@click.option("--description", default="", help="What is shipped, and why.")
@click.option(
    "--window",
    nargs=2,
    metavar="FROM TO",
    default=None,
    help="From when and until when it allows its versions, as for `freeze`: now 4h, or RFC 3339.",
)
@click.option("--open", "opened", is_flag=True, help="Open it at once; else it is a draft.")
@_by
@click.option("--dry-run", is_flag=True, help="Show what it would hold; write nothing.")
@output_option
@repo_option
def create(name: str, **values: Any) -> None:  # fmt: skip
    """Create a deployment request.

    What the options say wins over what the template says.
    """
    from versioner.cli.after_commit import result_of
    from versioner.cli.decisions import person_of
    from versioner.cli.output import show, terminal_layout
    from versioner.editing.requests import RequestDraft, create_request
    from versioner.reporting.gate.requests import created_json, created_text

    if bool(values["source"]) != bool(values["target"]):
        raise click.UsageError("--from and --to belong together: give both")
    steps = {key: list(values[key]) for key in ("before", "after") if values[key]}
    fields = {
        "title": values["title"],
        "description": values["description"],
        "environments": list(values["environments"]),
        "approvals": {key: _number(key, text) for key, text in _pairs(values, "approvals")},
        "steps": steps,
        "window": _window(values["window"]),
    }
    draft = RequestDraft(
        name=name,
        template=values["template"],
        source=values["source"],
        target=values["target"],
        versions=dict(_pairs(values, "versions")),
        fields={key: value for key, value in fields.items() if value},
    )
    by = person_of(values["by"], values["repo"]) if values["opened"] else ""
    dry_run = values["dry_run"]
    created = result_of(
        values["repo"],
        lambda repository: create_request(
            repository, draft, now=clock.now(), by=by, opened=values["opened"], dry_run=dry_run
        ),
    )
    if values["output"] == "json":
        show(created_json(created, dry_run=dry_run))
    else:
        show(created_text(terminal_layout(), created, dry_run=dry_run))


def _pairs(values: dict[str, Any], key: str) -> Iterable[tuple[str, str]]:
    for text in values[key]:
        name, equals, value = text.partition("=")
        if not (name.strip() and equals and value.strip()):
            example = "qa=1" if key == "approvals" else "shop=2.1.0"
            raise click.UsageError(f'"{text}" is not of the form {example}')
        yield name.strip(), value.strip()


def _number(key: str, text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise click.UsageError(f"--approval {key}={text}: write a number of people from 1 to 100")
    return int(text)


def _window(texts: tuple[str, str] | None) -> dict[str, str]:
    if not texts:
        return {}
    from versioner.query.times.text import parse_moment

    now = clock.now()
    start, end = (parse_moment(each, now, field="window", direction="future") for each in texts)
    return {"from": start, "to": end}


@click.command(
    "open",
    short_help="Open a request.",
    epilog=examples_epilog("versioner request open december"),
)
@_name
@_by
@click.option("--comment", "-m", default="", metavar="TEXT", help="Why.")
@repo_option
def open_(name: str, by: str, comment: str, repo: str | None) -> None:
    """Open a request: people can approve it now, and it refuses until they did."""
    from versioner.cli.after_commit import apply
    from versioner.cli.decisions import person_of
    from versioner.editing.requests import open_request

    who = person_of(by, repo)
    apply(
        repo,
        lambda repository: open_request(repository, name, now=clock.now(), by=who, comment=comment),
    )


@click.command(
    short_help="Cancel a request.",
    epilog=examples_epilog("versioner request cancel december --comment 'moved to January'"),
)
@_name
@comment_option
@repo_option
def cancel(name: str, comment: str, repo: str | None) -> None:
    """Cancel a request: it refuses and allows nothing any more."""
    from versioner.cli.after_commit import apply
    from versioner.editing.requests import cancel_request

    apply(
        repo, lambda repository: cancel_request(repository, name, now=clock.now(), comment=comment)
    )


@click.command(
    short_help="Add versions to a request.",
    epilog=examples_epilog(
        "versioner request add december shop=2.1.1", "versioner request add december --remove web"
    ),
)
@_name
@click.argument("versions", nargs=-1, metavar="[PRODUCT=VERSION]...")
@click.option("--remove", multiple=True, metavar="PRODUCT", help="Remove a product. Repeatable.")
@repo_option
def add(name: str, versions: tuple[str, ...], remove: tuple[str, ...], repo: str | None) -> None:
    """Add versions to a request, or replace those that it holds.

    Approvals that were given before are of other content then, and count no more.
    """
    from versioner.cli.after_commit import apply
    from versioner.editing.requests import add_versions

    if not (versions or remove):
        raise click.UsageError("name a version as PRODUCT=VERSION, or a product with --remove")
    wanted = dict(_pairs({"versions": versions}, "versions"))
    apply(
        repo,
        lambda repository: add_versions(repository, name, wanted, remove=remove, now=clock.now()),
    )
