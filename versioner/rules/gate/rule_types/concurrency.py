"""Rules of type concurrency: how many deployments may be open at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from versioner.rules.gate.finding import Finding, listed
from versioner.rules.gate.rule_types.schedule import local_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models.governance import ConcurrencyBlock
    from versioner.rules.gate.facts import Facts, OpenDeployment
    from versioner.rules.gate.question import Question

__all__ = ["find_open", "judge_concurrency"]


def judge_concurrency(
    block: ConcurrencyBlock, facts: Facts, question: Question, now: int
) -> Finding | None:
    """Return the open deployments in the way, None where there are few enough."""
    if block.per == "environment":
        every = facts.open_in_environment(question.environment)
    else:
        every = facts.open_of_product(question.product)
    return find_open(block, every, question, now)


def find_open(
    block: ConcurrencyBlock, every: Iterable[OpenDeployment], question: Question, now: int
) -> Finding | None:
    """Return which of some started deployments are in the way, None where there are few enough."""
    found = [each for each in every if each.stale_at > now and not _is_own(each, question)]
    if len(found) < block.limit:
        return None
    found.sort(key=lambda each: (each.stale_at, each[:4]))
    until = found[len(found) - block.limit].stale_at
    described = listed([_described(each) for each in found])
    message = f"{len(found)} open of at most {block.limit}: {described}"
    hint = "wait for the result of one of them, or until they are stale: "
    return Finding("DEPLOYMENT_IN_PROGRESS", message, until, hint + local_text(until, "UTC"))


def _is_own(deployment: OpenDeployment, question: Question) -> bool:
    """Return whether a started event of the question's run belongs to an open deployment."""
    same = (
        deployment.product == question.product
        and deployment.version == question.version
        and deployment.environment == question.environment
        and deployment.instance == question.instance
    )
    is_of_another_run = question.run and deployment.runs and question.run not in deployment.runs
    return same and not is_of_another_run


def _described(deployment: OpenDeployment) -> str:
    where = deployment.environment + (f"/{deployment.instance}" if deployment.instance else "")
    by = f" by {deployment.by}" if deployment.by else ""
    since = local_text(deployment.since, "UTC")
    return f"{deployment.product} {deployment.version} to {where}{by} since {since}"
