"""Read what `aws ecs describe-services`, `describe-task-definition` and `describe-tasks` print.

A service names its task definitions, and these name the images. Where the input has tasks, they
say what runs, with the digests of the images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from versioner.editing.workloads.workload import Workload, mapping_in, mappings_in, text_in
from versioner.errors import InvalidInput
from versioner.rules.images import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["is_ecs", "read_ecs"]

_KEYS: Final = ("services", "taskDefinition", "taskDefinitions", "tasks")


def is_ecs(document: dict[str, Any]) -> bool:
    """Return whether a JSON document is an answer of one of the three commands."""
    return any(isinstance(document.get(key), (dict, list)) for key in _KEYS)


def read_ecs(documents: Iterable[dict[str, Any]]) -> Iterator[Workload]:
    """Yield the containers of services and of their tasks.

    Raises InvalidInput for a service that runs a task definition which the input does not have.
    """
    read = list(documents)
    definitions = {
        text_in(each, "taskDefinitionArn"): each
        for document in read
        for each in (
            mapping_in(document, "taskDefinition"),
            *mappings_in(document, "taskDefinitions"),
        )
        if each
    }
    tasks = [task for document in read for task in mappings_in(document, "tasks")]
    for task in tasks:
        yield from _containers_of_task(task)
    has_tasks = any("tasks" in document for document in read)
    for document in read:
        for service in mappings_in(document, "services"):
            yield from _containers_of_service(service, definitions, only_wanted=has_tasks)


def _containers_of_task(task: dict[str, Any]) -> Iterator[Workload]:
    group = text_in(task, "group")
    if group and not group.startswith("service:"):
        # A task of no service ends by itself.
        return
    is_running = text_in(task, "lastStatus") == "RUNNING"
    for container in mappings_in(task, "containers", "a task"):
        digest = digest_of(text_in(container, "imageDigest"))
        state = text_in(container, "lastStatus") or "RUNNING"
        yield Workload(
            group.removeprefix("service:") or text_in(task, "taskArn"),
            text_in(container, "image"),
            (digest,) if digest else (),
            running=is_running and state == "RUNNING",
        )


def _containers_of_service(
    service: dict[str, Any], definitions: dict[str, dict[str, Any]], *, only_wanted: bool
) -> Iterator[Workload]:
    name = text_in(service, "serviceName") or text_in(service, "serviceArn") or "a service"
    for arn, number in _task_definitions(service, name).items():
        if arn not in definitions:
            if only_wanted:
                continue
            raise InvalidInput(
                f'the service "{name}" runs {_short(arn)}, which the input does not have',
                hint="add the output of `aws ecs describe-task-definition --task-definition "
                f"{_short(arn)}` to the same input",
            )
        for container in mappings_in(definitions[arn], "containerDefinitions", _short(arn)):
            image = text_in(container, "image")
            digest = digest_of(image)
            yield Workload(
                name,
                image,
                (digest,) if digest else (),
                running=number > 0 and not only_wanted,
            )


def _task_definitions(service: dict[str, Any], name: str) -> dict[str, int]:
    """Return how many tasks of a service run by the ARN of their task definition."""
    found: dict[str, int] = {}
    deployments = [
        *mappings_in(service, "deployments", name),
        *mappings_in(service, "taskSets", name),
    ]
    for each in deployments or [service]:
        arn, number = text_in(each, "taskDefinition"), each.get("runningCount")
        is_wanted = text_in(each, "status") in ("PRIMARY", "")
        if arn and (is_wanted or number):
            found[arn] = found.get(arn, 0) + (number if isinstance(number, int) else 0)
    return found


def _short(arn: str) -> str:
    return arn.rpartition("/")[2]
