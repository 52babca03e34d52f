"""versioner rule: list, show, create, edit and replay rules."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import click

from versioner.cli.commands.completion import rule_names
from versioner.cli.params import (
    NounGroup,
    assignments_of,
    edit_options,
    examples_epilog,
    format_of,
    list_output_option,
    output_option,
    read_for,
    repo_option,
    require_edits,
    rev_option,
)
from versioner.models.governance import RULE_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from versioner.models.governance import Rule
    from versioner.query.gate.rule_activity import RuleActivity
    from versioner.registry.records import Registry
    from versioner.rules.gate.replay import Replay

__all__ = ["rule"]

_KEYS: Final = (
    "name, title, type, enforcement, scope and requirement (in words), rollbacks, override, "
    "reason, path; with --counts: violations, overrides, reports, counted_since"
)


_counts_option = click.option(
    "--counts",
    is_flag=True,
    help="Count the violations, overrides and reports of the last 90 days too, from a clone.",
)


@click.group(cls=NounGroup, epilog=examples_epilog("versioner rule list"))
def rule() -> None:
    """List, show, create, edit and replay the rules about what may ship."""


@rule.command(
    "list",
    short_help="List the rules.",
    epilog=examples_epilog("versioner rule list", keys=f"an array of {{{_KEYS}}}."),
)
@_counts_option
@list_output_option
@rev_option
@repo_option
def list_(output: str, rev: str | None, repo: str | None, *, counts: bool) -> None:
    """List the rules, and warn of those that cannot be read."""
    from versioner.cli.output import show_list
    from versioner.reporting.gate import rules as report

    registry, activity = _read(repo, rev, counts=counts)
    found = registry.governance.rules
    show_list(
        output,
        text=lambda layout: report.rules_text(layout, found, activity),
        json=lambda: report.rules_json(found, activity),
        listing=lambda: report.rules_listing(found, activity),
    )


@rule.command(
    "show",
    short_help="Show one rule.",
    epilog=examples_epilog("versioner rule show no-friday", keys=f"{_KEYS}."),
)
@click.argument("name", shell_complete=rule_names)
@_counts_option
@output_option
@rev_option
@repo_option
def show_(name: str, output: str, rev: str | None, repo: str | None, *, counts: bool) -> None:
    """Show one rule in words."""
    from versioner.cli.output import show, terminal_layout
    from versioner.editing.rules import rule_of_name
    from versioner.reporting.gate.rules import rule_json, rule_text

    registry, activity = _read(repo, rev, counts=counts)
    found = rule_of_name(registry, name)
    layout = terminal_layout()
    show(rule_json(found, activity) if output == "json" else rule_text(layout, found, activity))


def _read(
    repo: str | None, rev: str | None, *, counts: bool
) -> tuple[Registry, RuleActivity | None]:
    """Return the registry and, with `counts`, what happened to its rules; else without products.

    Files that cannot be read are warned of.
    """
    from versioner.cli.registry import find_registry, find_repository, read_index
    from versioner.reporting.gate.rules import unread_text

    # Which rules were in force when is seen in the history, which a URL does not give.
    repository = find_repository(repo) if counts else find_registry(repo, rev)
    registry = read_index(repository, rev, products=None if counts else []).registry()
    if registry.governance.unreadable:
        click.echo(unread_text(registry.governance.unreadable), err=True)
    if not counts:
        return registry, None
    from versioner.cli.output import Progress
    from versioner.cli.registry import reference_time
    from versioner.query.gate.rule_activity import rule_activity_in

    now = registry.commit_time or reference_time(registry, rev)
    with Progress("Judging products") as progress:
        found = rule_activity_in(repository, registry, now=now, progress=progress.advance)
    return registry, found


@rule.command(
    short_help="Create a rule.",
    epilog=examples_epilog(
        "versioner rule create one-at-a-time --type concurrency --set concurrency.limit=1 "
        "--set concurrency.per=environment",
        "versioner rule create through-staging --type flow --set flow.through=staging "
        "--set flow.soak=24h --set applies_to.environments=production",
        "versioner rule create nights --type schedule --set schedule.time_zone=Europe/London "
        """--set 'schedule.blocked=[{"daily": {"from": "22:00", "to": "06:00"}}]'""",
    ),
)
@click.argument("name")
@click.option("--type", "kind", required=True, type=click.Choice(RULE_TYPES), help="The type.")
@click.option("--title", help="A title that reports and pages show.")
@click.option("--reason", help="The reason of the rule, which is shown to whoever is refused.")
@click.option(
    "--enforcement",
    type=click.Choice(["enabled", "report-only", "disabled"]),
    help="Whether it refuses, only reports, or does nothing (default: enabled).",
)
@click.option(
    "--set", "assignments", multiple=True, metavar="KEY=VALUE", help="Set any other field.",
    callback=assignments_of,
)  # fmt: skip
@repo_option
def create(
    name: str,
    kind: str,
    title: str | None,
    reason: str | None,
    enforcement: str | None,
    assignments: tuple[str, ...],
    repo: str | None,
) -> None:
    """Create a rule; `rule replay` shows what it would have refused."""
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.rules import create_rule

    texts = {"title": title, "reason": reason, "enforcement": enforcement}
    fields = {key: value for key, value in texts.items() if value is not None}
    apply(
        repo,
        lambda repository: create_rule(
            repository, name, kind, fields=fields, assignments=assignments, now=clock.now()
        ),
    )


@rule.command(
    short_help="Edit a rule's file.",
    epilog=examples_epilog(
        "versioner rule edit no-friday --set enforcement=report-only",
        "versioner rule edit no-friday --unset except",
    ),
)
@click.argument("name", shell_complete=rule_names)
@edit_options
@repo_option
def edit(name: str, set_: tuple[str, ...], unset: tuple[str, ...], repo: str | None) -> None:
    """Edit a rule's file; its comments and order are kept."""
    require_edits(set_, unset)
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.rules import edit_rule

    apply(
        repo,
        lambda repository: edit_rule(repository, name, set_=set_, unset=unset, now=clock.now()),
    )


@rule.command(
    short_help="Show what rules would have refused.",
    epilog=examples_epilog(
        "versioner rule replay",
        "versioner rule replay no-friday --since 2026-01-01",
        "versioner rule replay --base origin/main",
        keys="since, until, deployments, judged, refused, rollbacks, rules: [{rule, type, "
        "enforcement, judged, refused, rollbacks, exempt, waited, waited_seconds, "
        "longest_wait_seconds}], refusals: [{product, environment, instance, version, at, "
        "deployment, rollback, rules, codes, wait_seconds}].",
    ),
)
@click.argument("names", nargs=-1, metavar="[RULE]...", shell_complete=rule_names)
@click.option("--since", metavar="TIME", help="Only deployments that began at this time or later.")
@click.option("--until", metavar="TIME", help="Only deployments that began before this time.")
@click.option(
    "--base",
    metavar="REV",
    help="Replay the rules that are not as they are at this revision.",
)
@click.option(
    "--limit", type=click.IntRange(min=0), default=20, show_default=True,
    help="How many of the refused deployments the text lists, the last ones.",
)  # fmt: skip
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "github", "gitlab"]),
    help="The output format: text, JSON, GitHub annotations, or a GitLab code quality report.",
)
@output_option
@rev_option
@repo_option
def replay(
    names: tuple[str, ...],
    since: str | None,
    until: str | None,
    base: str | None,
    limit: int,
    form: str | None,
    output: str,
    rev: str | None,
    repo: str | None,
) -> None:
    """Ask rules about every deployment of the past, at the moment at which it began.

    The rules are those of the files as they are; each deployment is judged by what had happened
    until then. Without names, all rules that are not disabled are asked, also those that only
    report. Nothing is written.
    """
    from versioner.cli.gate import refuse_unread_rules
    from versioner.cli.output import Progress
    from versioner.cli.registry import find_registry, read_index, reference_time, warn_of_errors
    from versioner.query.times.text import parse_moment
    from versioner.rules.gate.replay import replay as replay_rules

    chosen = format_of(form, output)
    repository = find_registry(repo, rev)
    registry = read_index(repository, rev).registry()
    refuse_unread_rules(registry, names)
    warn_of_errors(registry.errors)
    rules = _chosen(registry, names)
    if base is not None:
        from versioner.git.snapshot import snapshot_at
        from versioner.registry.head import load_head
        from versioner.rules.gate.rule_changes import changed_rules

        before = load_head(snapshot_at(repository, base))
        changed = {each.name for each in changed_rules(before, registry)}
        rules = [each for each in rules if each.name in changed]
    now = reference_time(registry, rev)
    with read_for("--since"):
        begin = parse_moment(since, now, field="since") if since is not None else ""
    with read_for("--until"):
        end = parse_moment(until, now, field="until") if until is not None else ""
    with Progress("Replaying products") as progress:
        done = replay_rules(registry, rules, since=begin, until=end, progress=progress.advance)
    _show(done, chosen, limit)


def _show(done: Replay, form: str, limit: int) -> None:
    from versioner.cli.output import show, terminal_layout
    from versioner.reporting.ci_annotations import notes_github, problems_gitlab
    from versioner.reporting.gate.replay import (
        replay_json,
        replay_lines,
        replay_notes,
        replay_text,
    )

    if form == "json":
        show(replay_json(done))
    elif form == "gitlab":
        show(problems_gitlab([], replay_notes(done)))
    else:
        show(replay_text(terminal_layout(), done, limit))
    if form == "github":
        from versioner.ci.steps import step_files
        from versioner.cli.track_streams import append_for_ci

        # On stderr, which the runner reads too.
        click.echo(notes_github(replay_notes(done)), err=True)
        summary = "".join(f"- {line}\n" for line in replay_lines(done))
        append_for_ci(step_files(os.environ).summary, "step summary", summary)


def _chosen(registry: Registry, names: Sequence[str]) -> list[Rule]:
    from versioner.editing.rules import rule_of_name

    if names:
        return [rule_of_name(registry, name) for name in dict.fromkeys(names)]
    return [each for each in registry.governance.rules if each.enforcement != "disabled"]
