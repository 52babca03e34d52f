"""What the commands that record a decision share: options, the place, one call, a report."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from versioner.cli import clock
from versioner.cli.commands.completion import approval_types
from versioner.cli.params import examples_epilog, output_option, repo_option
from versioner.cli.track_options import seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.delivery.direct import Destination, Via
    from versioner.git.repository import Repository
    from versioner.models import Event
    from versioner.models.events import DecisionKind

    Place = Repository | Destination

__all__ = [
    "DECISION_KEYS",
    "DecisionOptions",
    "decision_command",
    "draft_fields",
    "find_place",
    "person_of",
    "read_options",
    "record_and_report",
    "type_option",
]

DECISION_KEYS: Final = (
    "outcome (recorded, already_recorded, received, already_received, would_record), kind "
    "(decision, request-decision), product or request, event, path, commit (or null), branch, "
    "pushed_to, received_as (a ref), warnings (array of {code, message, hint})."
)
_Command = TypeVar("_Command", bound="Callable[..., Any]")
_Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
_VARIABLES: Final = {"auto_envvar_prefix": "VERSIONER"}


@dataclass(frozen=True, slots=True)
class DecisionOptions:
    """The options of a command that records a decision."""

    by: str
    comment: str
    at: str
    event_id: str
    repo: str | None
    branch: str
    via: Via
    wait: float
    push: bool
    local: bool
    dry_run: bool
    output: str


def decision_options(command: _Command) -> _Command:
    """Add the options of `DecisionOptions`; each has a variable VERSIONER_<OPTION>."""
    options = (
        click.option(
            "--by", default="", metavar="LOGIN",
            help="Who decides (default: the actor of the CI run, else the person at this machine).",
        ),
        click.option("--comment", "-m", default="", metavar="TEXT", help="Why."),
        click.option(
            "--at", default="", metavar="TIME", help="When it was decided (default: now)."
        ),
        click.option(
            "--event-id", default="", metavar="ID",
            help="The id of the decision: a retry with the same id records nothing.",
        ),
        click.option("--branch", default="", help="The branch of the registry."),
        click.option(
            "--via", type=click.Choice(["auto", "direct", "inbox"]), default=None,
            help="How to send it to a URL: to the branch, to the inbox, or whichever works (auto).",
        ),
        click.option(
            "--wait", is_flag=False, flag_value="300", callback=seconds, metavar="[SECONDS]",
            help="Wait until it is on the remote branch (default: for 300 seconds).",
        ),
        click.option("--push", is_flag=True, help="Push the commit to the branch's remote."),
        click.option("--local", is_flag=True, help="Record only in this clone, even in CI."),
        click.option("--dry-run", is_flag=True, help="Show what would be recorded; write nothing."),
        output_option,
        repo_option,
    )  # fmt: skip
    for option in reversed(options):
        command = option(command)
    return command


def decision_command(
    *examples: str, arguments: Sequence[_Decorator], short_help: str | None = None
) -> Callable[[Callable[..., None]], click.Command]:
    """Return a decorator that makes a command of a function with the options of decisions.

    `arguments` add its arguments and own options, in their order.
    """

    def decorate(function: Callable[..., None]) -> click.Command:
        function = decision_options(function)
        for add in reversed(arguments):
            function = add(function)
        epilog = examples_epilog(*examples, keys=DECISION_KEYS)
        command = click.command(context_settings=_VARIABLES, epilog=epilog, short_help=short_help)
        return command(function)

    return decorate


def type_option(text: str) -> _Decorator:
    """Return what adds --type to a command; `text` is its help."""
    return click.option(
        "--type", "-t", "approval_type", required=True, metavar="TYPE",
        shell_complete=approval_types, help=text,
    )  # fmt: skip


def read_options(values: dict[str, Any]) -> DecisionOptions:
    """Return the options of a command as typed values; raise UsageError where two contradict."""
    options = DecisionOptions(**{**values, "via": values["via"] or ""})
    if options.push and options.local:
        raise click.UsageError("--push and --local contradict each other: leave one out")
    if options.via == "inbox" and options.branch:
        raise click.UsageError(
            "--branch does not apply to the inbox: give it to `versioner collect` instead"
        )
    return options


def draft_fields(options: DecisionOptions, fields: Event) -> Event:
    """Return the fields of a decision with its time, its author and its comment."""
    from versioner.recording.policy import refuse_secrets
    from versioner.rules.times import check_at

    # Before any of them is an argument of a program, which every user of the machine can read.
    refuse_secrets({"branch": options.branch, "event_id": options.event_id, **fields})
    refuse_secrets({"by": options.by, "comment": options.comment})
    now = clock.now()
    at = check_at(options.at, now) if options.at else now
    own = {"by": person_of(options.by, options.repo), "comment": options.comment.strip()}
    return {"at": at, **fields, **{key: value for key, value in own.items() if value}}


def person_of(given: str, repo: str | None) -> str:
    """Return who decides: the one who is named, the actor of the CI run, or who is here."""
    if given.strip():
        return given.strip()
    from versioner.ci import detect, is_ci

    if is_ci(os.environ):
        detected = detect(os.environ)
        return str(detected.fields.get("deployed_by", "")) if detected is not None else ""
    from versioner.cli.track_draft import person_here

    return person_here(repo)[0]


def find_place(options: DecisionOptions) -> Place:
    """Return where to record: a repository of this machine, or a destination at a remote."""
    from versioner.delivery.direct import Destination

    remote = _remote(options)
    if remote is not None:
        if options.push or options.local:
            raise click.UsageError("--push and --local need a clone, but --repo is a URL")
        return Destination(*remote, options.via)
    from versioner.ci import is_ci
    from versioner.cli.registry import find_repository
    from versioner.recording.local import remote_of_ephemeral_clone
    from versioner.remote.url import TOKEN

    repository = find_repository(options.repo)
    if is_ci(os.environ) and not (options.local or options.push):
        token = os.environ.get(TOKEN, "")
        found = remote_of_ephemeral_clone(repository, options.branch or None, token)
        if found is not None:
            return Destination(*found, options.via)
    if options.via or options.wait:
        raise click.UsageError("--via and --wait need a remote: give its URL with --repo")
    return repository


def _remote(options: DecisionOptions) -> tuple[Any, str] | None:
    from versioner.cli.remotes import remote_at

    remote = remote_at(options.repo)
    return (remote, options.branch) if remote is not None else None


def record_and_report(
    options: DecisionOptions, place: Place, kind: DecisionKind, name: str, fields: Event
) -> None:
    """Record a decision about a product's version or a request, and print what became of it."""
    from versioner.cli.after_commit import after_commit
    from versioner.cli.output import show
    from versioner.cli.record_event import record_at_remote, record_here
    from versioner.cli.track_streams import warn
    from versioner.delivery.direct import Destination
    from versioner.errors import OperationFailed
    from versioner.recording.context import EventDraft
    from versioner.reporting.gate.decisions import decision_json, decision_text

    draft = EventDraft(kind, name, fields, options.event_id)
    if isinstance(place, Destination):
        recorded, incomplete = record_at_remote(
            place, draft, wait=options.wait, dry_run=options.dry_run
        )
    else:
        recorded, incomplete = record_here(
            place, draft, branch=options.branch, push=options.push, dry_run=options.dry_run
        )
    text = decision_json if options.output == "json" else decision_text
    show(text(recorded, dry_run=options.dry_run))
    for each in recorded.warnings:
        warn(OperationFailed(each.message, hint=each.hint))
    if not isinstance(place, Destination) and recorded.branch == place.branch:
        after_commit(place, recorded.commit)
    if incomplete is not None:
        raise incomplete
