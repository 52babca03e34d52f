"""versioner check: ask whether a version may ship."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from versioner.cli.commands.completion import environment_names, product_names
from versioner.cli.params import examples_epilog, output_option, repo_option, rev_option

if TYPE_CHECKING:
    from versioner.registry.records import Registry
    from versioner.rules.gate.question import Answer

__all__ = ["check"]

_REFUSED = 5


@click.command(
    epilog=examples_epilog(
        "versioner check user-service 1.4.0 production",
        "versioner check user-service 1.4.0 production --at 2026-12-24T12:00:00Z",
        "versioner check user-service 1.4.0 production --all --output json",
        keys="allowed, product, version, environment, instance, at, code, allowed_from, verdicts: "
        "[{rule, type, enforcement, outcome, code, message, until}], commit, tree. A text is empty "
        "where there is nothing; commit and tree are, where files have uncommitted changes.",
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
    rev: str | None,
    output: str,
    repo: str | None,
) -> int:
    """Ask whether a version of a product may be deployed to an environment.

    Exit code 0: allowed. 5: refused. 4: no event names the version, or a name is not legal. 1: a
    rule, a request or a log of decisions cannot be read. Nothing is written.
    """
    from versioner.cli.gate import ask
    from versioner.cli.output import show, terminal_layout
    from versioner.reporting.gate.check import answer_json, answer_text

    asked = ask(
        *(product, version, environment, instance),
        at=at,
        rev=rev,
        repo=repo,
        allow_unknown_version=allow_unknown_version,
    )
    answer, registry = asked
    if output == "json":
        show(answer_json(answer))
    else:
        rules = registry.governance.rules
        show(answer_text(terminal_layout(), answer, rules, passed=every))
    _report_to_ci(answer, registry)
    return 0 if answer.allowed else _REFUSED


def _report_to_ci(answer: Answer, registry: Registry) -> None:
    """Write an annotation and the step's summary where GitHub runs the command."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from versioner.cli.track_report import append_for_ci
    from versioner.reporting.ci_annotations import github_annotation
    from versioner.reporting.gate.check import answer_lines, answer_summary, question_text

    rules = registry.governance.rules
    if not answer.allowed:
        text = f"refused: {question_text(answer.question)}"
        # On stderr, which the runner reads too, because stdout may be a JSON document.
        details = "\n".join(answer_lines(answer, rules))
        click.echo(github_annotation("error", text, details), err=True)
    outputs = (
        f"allowed={'true' if answer.allowed else 'false'}\nallowed_from={answer.allowed_from}\n"
    )
    summary = answer_summary(answer, rules)
    append_for_ci(os.environ.get("GITHUB_STEP_SUMMARY", ""), "step summary", summary)
    append_for_ci(os.environ.get("GITHUB_OUTPUT", ""), "step's outputs", outputs)
