"""versioner freeze and versioner thaw: close an environment for a time, and open it again."""

from __future__ import annotations

import click

from versioner.cli.commands.completion import environment_names, product_names, rule_names
from versioner.cli.params import comment_option, examples_epilog, read_for, repo_option

__all__ = ["freeze", "thaw"]


@click.command(
    epilog=examples_epilog(
        'versioner freeze production --until 2h --reason "The database is moved"',
        'versioner freeze production --until "monday 09:00" --time-zone Europe/London --reason x',
        'versioner freeze production -p user-service --until 2026-12-01 --reason "Migration"',
    )
)
@click.argument("environment", shell_complete=environment_names)
@click.option(
    "--product", "-p", "products", multiple=True, metavar="NAME", shell_complete=product_names,
    help="Freeze only this product; may be given several times.",
)  # fmt: skip
@click.option(
    "--until",
    required=True,
    metavar="TIME",
    help="When it ends: 2h, 3d, tomorrow, monday 09:00, 2026-12-01 09:00, or RFC 3339. A day means "
    "its first second.",
)
@click.option("--from", "since", metavar="TIME", help="When it begins (default: now).")
@click.option(
    "--time-zone",
    default="",
    metavar="ZONE",
    help="The time zone of days and times without an offset, for example Europe/London (default: "
    "UTC).",
)
@click.option("--reason", required=True, help="The reason, which is shown to whoever is refused.")
@click.option("--name", default="", help="The name of the rule (default: made of the environment).")
@repo_option
def freeze(
    environment: str,
    products: tuple[str, ...],
    until: str,
    since: str | None,
    time_zone: str,
    reason: str,
    name: str,
    repo: str | None,
) -> None:
    """Write a rule by which nothing may ship to an environment for a time, in one commit."""
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.rules import freeze as freeze_environment
    from versioner.query.times.text import parse_moment, parse_zone

    now = clock.now()
    with read_for("--time-zone"):
        zone = parse_zone(time_zone)
    with read_for("--until"):
        end = parse_moment(until, now, field="until", direction="future", zone=zone)
    with read_for("--from"):
        begin = (
            ""
            if since is None
            else parse_moment(since, now, field="from", direction="future", zone=zone)
        )
    apply(
        repo,
        lambda repository: freeze_environment(
            repository,
            environment,
            products=products,
            since=begin,
            until=end,
            time_zone=time_zone or "UTC",
            reason=reason,
            name=name,
            now=now,
        ),
    )


@click.command(epilog=examples_epilog("versioner thaw freeze-production-2026-12-19"))
@click.argument("name", shell_complete=rule_names)
@comment_option
@repo_option
def thaw(name: str, comment: str, repo: str | None) -> None:
    """End a freeze now; its rule stays, as the record of it."""
    from versioner.cli import clock
    from versioner.cli.after_commit import apply
    from versioner.editing.rules import thaw as end_freeze

    apply(repo, lambda repository: end_freeze(repository, name, now=clock.now(), comment=comment))
