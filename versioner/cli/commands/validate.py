"""versioner validate: check the registry, or the effect of a change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from versioner.cli.params import examples_epilog, format_of, output_option, repo_option, rev_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.editing.validate import ValidationResult
    from versioner.git.repository import Repository
    from versioner.git.snapshot import Snapshot
    from versioner.models import Problem
    from versioner.models.governance import Rule
    from versioner.reporting.ci_annotations import FileNote
    from versioner.rules.gate.replay import Replay

__all__ = ["validate"]

# Over how much of the time before the newest deployment changed rules are replayed.
_REPLAYED = "90d"

_FOUND_ERRORS = 3


@click.command(
    epilog=examples_epilog(
        "versioner validate",
        "versioner validate --base origin/main --format github",
        "versioner validate --base origin/main --format markdown > review.md",
        keys="an array of {path, line, column, code, severity, message, hint}; line and column 0 "
        "mean the file as a whole.",
    )
)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path())
@click.option(
    "--base",
    metavar="REV",
    help="Also compare with this revision: check that no event is lost, and show the change.",
)
@click.option(
    "--allow-log-changes",
    is_flag=True,
    help="With --base: accept events that the change adds, as the tool's own commits do.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "gitlab", "markdown"]),
    help="The output format: text, JSON, GitHub annotations, a GitLab code quality report, or the "
    "Markdown of a comment on a pull or merge request.",
)
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@output_option
@rev_option
@repo_option
def validate(
    paths: tuple[str, ...],
    base: str | None,
    allow_log_changes: bool,
    form: str | None,
    strict: bool,
    output: str,
    rev: str | None,
    repo: str | None,
) -> int:
    """Check the registry, or report only the problems of some files and folders.

    Exit code 3 means that there are errors.
    """
    from versioner.cli.registry import find_registry, take_snapshot
    from versioner.remote.url import is_url

    chosen = format_of(form, output)
    if base == "":
        raise click.UsageError("--base is empty: give a revision, for example origin/main")
    if base is not None and repo is not None and is_url(repo):
        raise click.UsageError("--base needs the history: run the command in a clone")
    repository = find_registry(repo, rev)
    snapshot = take_snapshot(repository, rev)
    checked = _check(repository, snapshot, base, rev or "HEAD", allow_log_changes)
    problems = _of_paths(repository, snapshot, checked.problems, paths)
    replayed = _replayed(repository, snapshot, rev, checked.changed_rules)
    if chosen == "markdown":
        old = [each for each, _ in checked.rule_pairs if each and each.enforcement != "disabled"]
        former = _replayed(repository, snapshot, rev, old)
        _report_to_reviewers(checked, problems, former, replayed, has_paths=bool(paths))
    else:
        _report(checked, problems, chosen, replayed, has_paths=bool(paths))
    severe = ("error", "warning") if strict else ("error",)
    return _FOUND_ERRORS if any(each.severity in severe for each in problems) else 0


def _check(
    repository: Repository,
    snapshot: Snapshot,
    base: str | None,
    tip: str,
    allow_log_changes: bool,
) -> ValidationResult:
    from versioner.cli.clock import now
    from versioner.cli.output import Progress
    from versioner.editing.validate import (
        validate_change,
        validate_contents,
        validate_registry,
    )
    from versioner.registry.checks.results_file import ValidatedProducts

    with ValidatedProducts.of(repository) as kept:
        with Progress("Reading products") as progress:
            checked = validate_registry(snapshot, now=now(), kept=kept, progress=progress.advance)
        validate_contents(repository, checked, snapshot)
        if base is not None:
            validate_change(
                repository,
                checked,
                snapshot,
                base,
                tip=tip,
                allow_log_changes=allow_log_changes,
            )
    return checked


def _replayed(
    repository: Repository, snapshot: Snapshot, rev: str | None, rules: Sequence[Rule]
) -> Replay | None:
    """Return what rules would have refused in the last days of events, None without a rule."""
    if not rules:
        return None
    from versioner.cli.registry import open_registry_index
    from versioner.query.times.text import parse_moment
    from versioner.rules.gate.replay import replay

    index = open_registry_index(repository, snapshot, rev)
    newest = next(index.deployments(limit=1), None)
    if newest is None:
        return None
    since = parse_moment(_REPLAYED, newest.at)
    return replay(index.registry(), rules, since=since)


def _of_paths(
    repository: Repository, snapshot: Snapshot, problems: list[Problem], paths: Sequence[str]
) -> list[Problem]:
    if not paths:
        return problems
    from versioner.cli.paths import is_named, repository_paths

    known = {*snapshot.entries(), *(problem.path for problem in problems)}
    named = repository_paths(repository, paths, known)
    return [problem for problem in problems if is_named(problem.path, named)]


def _report(
    checked: ValidationResult,
    problems: list[Problem],
    form: str,
    replayed: Replay | None,
    *,
    has_paths: bool,
) -> None:
    from versioner.reporting.problems import problems_json, verdict

    closing = verdict(len(checked.registry.products), checked.events, problems, paths=has_paths)
    if form in ("json", "gitlab"):
        from versioner.reporting.ci_annotations import problems_gitlab

        notes = _replay_notes(replayed) if form == "gitlab" else []
        click.echo(problems_json(problems) if form == "json" else problems_gitlab(problems, notes))
        click.echo(closing, err=True)
    elif form == "github":
        _report_to_github(checked, problems, closing, replayed)
    else:
        _report_to_people(checked, problems, closing, replayed)


def _report_to_reviewers(
    checked: ValidationResult,
    problems: list[Problem],
    before: Replay | None,
    after: Replay | None,
    *,
    has_paths: bool,
) -> None:
    from versioner.reporting.problems import verdict
    from versioner.reporting.review import Review, review_markdown

    closing = verdict(len(checked.registry.products), checked.events, problems, paths=has_paths)
    review = Review(closing, problems, checked.change, checked.rule_pairs, before, after)
    click.echo(review_markdown(review), nl=False)


def _replay_lines(replayed: Replay | None) -> list[str]:
    if replayed is None:
        return []
    from versioner.reporting.gate.replay import replay_lines

    return replay_lines(replayed)


def _replay_notes(replayed: Replay | None) -> list[FileNote]:
    if replayed is None:
        return []
    from versioner.reporting.gate.replay import replay_notes

    return replay_notes(replayed)


def _report_to_people(
    checked: ValidationResult, problems: list[Problem], closing: str, replayed: Replay | None
) -> None:
    from versioner.cli.output import show, terminal_layout
    from versioner.reporting.changes import change_text
    from versioner.reporting.problems import problems_text

    if problems:
        show(problems_text(terminal_layout(), problems))
    if checked.change is not None:
        show(change_text(checked.change))
    for line in _replay_lines(replayed):
        show(line)
    show(closing)


def _report_to_github(
    checked: ValidationResult, problems: list[Problem], closing: str, replayed: Replay | None
) -> None:
    from versioner.ci.steps import step_files
    from versioner.cli.track_streams import append_for_ci
    from versioner.reporting.changes import change_markdown
    from versioner.reporting.ci_annotations import notes_github, problems_github
    from versioner.reporting.problems import step_summary
    from versioner.reporting.text import TextLayout

    if problems:
        click.echo(problems_github(problems))
    if notes := _replay_notes(replayed):
        click.echo(notes_github(notes))
    click.echo(closing)
    path = step_files(os.environ).summary
    if not path:
        return
    change = change_markdown(checked.change) if checked.change is not None else ""
    change += "".join(f"- {line}\n" for line in _replay_lines(replayed))
    append_for_ci(path, "step summary", step_summary(TextLayout(), problems, change, closing))
