"""A replay says of each deployment of the past what the judge would have said before it."""

from __future__ import annotations

import csv
import gzip
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.rules.gate.count_rows import RULES, count_rows
from tests.rules.gate.generated import generated
from tests.rules.gate.naive_judge import naive_answer
from tests.rules.gate.notation import World
from versioner.git.snapshot import MemorySnapshot
from versioner.registry.load import load_registry
from versioner.rules.gate import Question
from versioner.rules.gate.replay import replay

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from versioner.models import Deployment

WORLDS = 8
HORIZON = 12 * 60
# What a replay says of a refused deployment: the rules, their codes, and the seconds to wait.
Refusal = tuple[list[str], list[str], "int | None"]


def test_a_replay_says_what_the_naive_judge_says_before_each_deployment(
    scale: Callable[[int, int], int],
) -> None:
    refused = 0
    for seed in range(scale(WORLDS, 150)):
        world, _ = generated(seed)
        for rule in world.rules.values():
            rule["enforcement"] = "enabled"
        registry = load_registry(MemorySnapshot(world.paths()))
        done = replay(registry, registry.governance.rules)
        told = {each.id: each for each in done.refused}
        for record in registry.products.values():
            for deployment in (each for each in record.deployments if each.void is None):
                rules, codes, wait = naive_refusal(world, deployment)
                found = told.pop(deployment.id, None)
                assert (list(found.rules) if found else []) == rules, (seed, deployment)
                assert (list(found.codes) if found else []) == codes, (seed, deployment)
                if found and (wait is not None or (found.wait or 0) <= HORIZON * 60):
                    assert found.wait == wait, (seed, deployment)
                refused += bool(found)
        assert not told
    assert refused


def naive_refusal(world: World, deployment: Deployment) -> Refusal:
    """Return what the naive judge says of a registry without the deployment's own events."""
    own = {each["id"] for each in deployment.events}
    logs = {
        name: [each for each in log if each["id"] not in own]
        for name, log in world.deployments.items()
    }
    before = World(**{**vars(world), "deployments": logs})
    runs = [each["invoke_id"] for each in deployment.events if "invoke_id" in each]
    question = Question(
        deployment.product,
        deployment.version,
        deployment.environment,
        deployment.instance,
        deployment.at,
        run=runs[0] if runs else "",
    )
    words = [each.split(" ") for each in naive_answer(before, question, HORIZON).verdicts]
    failed = [each for each in words if each[0] in world.rules and each[1] == "failed"]
    untils = [each[4] for each in failed if len(each) > 3]
    wait = seconds(max(untils)) - seconds(deployment.at) if untils else None
    return (
        [each[0] for each in failed],
        [each[2] for each in failed],
        wait if len(untils) == len(failed) else None,
    )


def seconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


def test_a_replay_of_five_rules_equals_a_count_of_the_real_rows(real_rows_file: Path) -> None:
    with gzip.open(real_rows_file, "rt", encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    registry = load_registry(MemorySnapshot(world_of_rows(rows).paths()))
    done = replay(registry, registry.governance.rules)
    assert done.deployments == len(rows)
    told = {
        each.name: (each.judged, each.refused, each.rollbacks, each.exempt, sum(each.waits))
        for each in done.rules
    }
    assert told == count_rows(rows)
    refused = [each for each in done.refused if "2024-03-01" <= each.at < "2024-04-01"]
    part = replay(
        registry,
        registry.governance.rules,
        since="2024-03-01T00:00:00Z",
        until="2024-04-01T00:00:00Z",
    )
    assert part.refused == refused


def world_of_rows(rows: list[dict[str, Any]]) -> World:
    """Return the registry of real rows, each a deployment that completed, with five rules."""
    world = World(rules=RULES)
    for number, row in enumerate(rows):
        event = {**row, "status": "completed", "id": f"r{number}"}
        product = event.pop("product")
        world.products.setdefault(product, {})
        world.environments.setdefault(row["environment"], {})
        world.deployments.setdefault(product, []).append(event)
    return world
