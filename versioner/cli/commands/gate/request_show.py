"""versioner request list and show."""

from __future__ import annotations

from typing import Final

import click

from versioner.cli.commands.completion import request_names
from versioner.cli.params import (
    examples_epilog,
    list_output_option,
    output_option,
    repo_option,
    rev_option,
)

__all__ = ["list_", "show_"]

_STATES: Final = ("draft", "open", "approved", "rejected", "completed", "cancelled")
_KEYS: Final = (
    "name, title, description, state, environments, versions: {PRODUCT: VERSION}, window: {from, "
    "to} or null, order, approvals: {type, needed, approved_by, rejected_by}, steps: {step, text, "
    "done, by, at}, lacks (what it needs, in words), content (the hash that approvals name), "
    "opened_at, template, links, cells: {product, environment, version, state (completed, started, "
    "waits, missing), running, waits_for}"
)
_name: Final = click.argument("name", shell_complete=request_names)


@click.command(
    "list",
    short_help="List the requests.",
    epilog=examples_epilog("versioner request list", keys=f"an array of {{{_KEYS}}}."),
)
@click.option(
    "--state", "states", multiple=True, type=click.Choice(_STATES), help="Only in this state."
)
@click.option("--all", "every", is_flag=True, help="Also those that are completed or cancelled.")
@list_output_option
@rev_option
@repo_option
def list_(
    states: tuple[str, ...], every: bool, output: str, rev: str | None, repo: str | None
) -> None:
    """List the requests, those that need people first."""
    from versioner.cli.output import show_list
    from versioner.cli.registry import load_from, reference_time
    from versioner.query.gate.requests import list_requests
    from versioner.reporting.gate import requests as report

    registry = load_from(repo, rev)
    now = reference_time(registry, rev)
    found = list_requests(registry, now, states=states, every=every)
    total = len(registry.governance.requests)
    show_list(
        output,
        text=lambda layout: report.requests_text(layout, found, total),
        json=lambda: report.requests_json(found),
        listing=lambda: report.requests_listing(found),
    )


@click.command(
    "show",
    short_help="Show one request.",
    epilog=examples_epilog(
        "versioner request show december",
        keys=f"{_KEYS}, problems (number of errors found).",
    ),
)
@_name
@output_option
@rev_option
@repo_option
def show_(name: str, output: str, rev: str | None, repo: str | None) -> None:
    """Show one request: its state, what it needs, who approved, and what is deployed."""
    from versioner.cli.output import show, terminal_layout
    from versioner.cli.registry import load_from, reference_time
    from versioner.editing.requests import request_of_name
    from versioner.query.gate.requests import request_detail
    from versioner.reporting.gate.requests import request_json, request_text

    registry = load_from(repo, rev)
    now = reference_time(registry, rev)
    detail = request_detail(registry, request_of_name(registry, name), now)
    if output == "json":
        show(request_json(detail, problems=len(registry.errors)))
    else:
        show(request_text(terminal_layout(), detail, registry.governance.groups))
