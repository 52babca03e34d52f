"""versioner check: ask whether a version may ship."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from versioner.cli.commands.completion import environment_names, product_names
from versioner.cli.params import examples_epilog, format_of, output_option, repo_option, rev_option
from versioner.errors import VersionerError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models.governance import Rule
    from versioner.rules.gate.question import Answer

__all__ = ["check"]

_REFUSED = 5


@click.command(
    epilog=examples_epilog(
        "versioner check user-service 1.4.0 production",
        "versioner check user-service 1.4.0 production --at 2026-12-24T12:00:00Z",
        "versioner check user-service 1.4.0 production --all --output json",
        keys="allowed, product, version, environment, instance, at, code, allowed_from, verdicts: "
        "[{rule, type, enforcement, outcome, code, message, until}], commit, tree. A text that "
        "does not apply is empty; commit and tree are empty if files have uncommitted changes.",
    )
)
@click.argument("product", shell_complete=product_names)
@click.argument("version")
@click.argument("environment", shell_complete=environment_names)
@click.option("--instance", metavar="NAME", default="", help="The instance of the environment.")
@click.option(
    "--at",
    metavar="TIME",
    help="Ask for this moment (default: now): RFC 3339, as for `status --at`, or ahead: in 2h, "
    "tomorrow, monday 09:00.",
)
@click.option("--all", "every", is_flag=True, help="List the rules that do not refuse, too.")
@click.option(
    "--allow-unknown-version",
    is_flag=True,
    help="Answer also for a version that no event names yet.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "gitlab"]),
    help="The output format: text, JSON, or a GitLab code quality report of what refuses.",
)
@rev_option
@output_option
@repo_option
def check(
    product: str,
    version: str,
    environment: str,
    instance: str,
    at: str | None,
    every: bool,
    allow_unknown_version: bool,
    form: str | None,
    rev: str | None,
    output: str,
    repo: str | None,
) -> int:
    """Ask whether a version of a product may be deployed to an environment.

    Exit code 0: allowed. 5: refused. 4: no event names the version, or a name is not legal. 1: a
    rule, a request or a log of decisions cannot be read. Nothing is written.
    """
    from versioner.cli.gate import ask

    chosen = format_of(form, output)
    try:
        answer, registry = ask(
            *(product, version, environment, instance),
            at=at,
            rev=rev,
            repo=repo,
            allow_unknown_version=allow_unknown_version,
        )
    except VersionerError as error:
        _report_no_answer(error)
        raise
    rules = registry.governance.rules
    _show(answer, rules, chosen, every=every)
    _report_to_ci(answer, rules)
    return 0 if answer.allowed else _REFUSED


def _show(answer: Answer, rules: Sequence[Rule], form: str, *, every: bool) -> None:
    from versioner.cli.output import show, terminal_layout
    from versioner.reporting.gate.check import answer_json, answer_problems, answer_text

    if form == "json":
        show(answer_json(answer))
    elif form == "gitlab":
        from versioner.reporting.ci_annotations import problems_gitlab

        show(problems_gitlab(answer_problems(answer, rules)))
    else:
        show(answer_text(terminal_layout(), answer, rules, passed=every))


def _report_no_answer(error: VersionerError) -> None:
    """Write to the step's files that nothing is allowed: a step after this one may ask them."""
    from versioner.ci.steps import step_files
    from versioner.cli.track_streams import append_for_ci
    from versioner.reporting.gate.check import answer_outputs, error_summary

    files = step_files(os.environ)
    append_for_ci(files.summary, "step summary", error_summary(error.message))
    append_for_ci(files.outputs, "step's outputs", answer_outputs(None))


def _report_to_ci(answer: Answer, rules: Sequence[Rule]) -> None:
    """Write an annotation, the step's summary and its outputs where the CI system reads them."""
    from versioner.ci.steps import reads_annotations, step_files

    files = step_files(os.environ)
    if not (files.summary or files.outputs or reads_annotations(os.environ)):
        return
    # What writes to these files takes longer to import than the answer takes.
    from versioner.cli.track_streams import append_for_ci
    from versioner.reporting.gate.check import (
        answer_lines,
        answer_outputs,
        answer_summary,
        question_text,
    )

    if not answer.allowed and reads_annotations(os.environ):
        from versioner.reporting.ci_annotations import github_annotation

        text = f"refused: {question_text(answer.question)}"
        # On stderr, which the runner reads too, because stdout may be a JSON document.
        details = "\n".join(answer_lines(answer, rules))
        click.echo(github_annotation("error", text, details), err=True)
    append_for_ci(files.summary, "step summary", answer_summary(answer, rules))
    append_for_ci(files.outputs, "step's outputs", answer_outputs(answer))
