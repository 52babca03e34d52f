"""The short notation of cases, and the registry that a case describes.

An event is `TIME [PRODUCT/]ENVIRONMENT[@INSTANCE] VERSION STATUS key=value ...`, a build has
`build` for the environment, and `TIME [PRODUCT/]void ID` declares a mistake. A decision is
`TIME PERSON WORD [TYPE] [VERSION] key=value ...`. Times are UTC, of 2026 where they name no year.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from versioner.serialization.log import event_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from versioner.models import Event

__all__ = ["CONTENT", "World", "content_hash", "long_time", "world_of"]

TYPES = (
    "schedule",
    "flow",
    "version-approval",
    "request-approval",
    "requirement",
    "concurrency",
)
CONTENT = ("environments", "versions", "window", "order", "approvals", "steps")
KEYS = {"sha": "scm_sha", "run": "invoke_id"}
Document = dict[str, Any]


@dataclass
class World:
    """All that a registry says, as plain data: files of people, and logs in the order of lines."""

    rules: dict[str, Document] = field(default_factory=dict)
    environments: dict[str, Document] = field(default_factory=dict)
    products: dict[str, Document] = field(default_factory=dict)
    groups: dict[str, list[str]] = field(default_factory=dict)
    requests: dict[str, Document] = field(default_factory=dict)
    builds: dict[str, list[Event]] = field(default_factory=dict)
    deployments: dict[str, list[Event]] = field(default_factory=dict)
    decisions: dict[str, list[Document]] = field(default_factory=dict)
    request_decisions: dict[str, list[Document]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)

    def paths(self) -> dict[str, bytes]:
        """Return the files of the registry."""
        groups = {"groups": self.groups} if self.groups else {}
        files = {"registry.yaml": document({"schema_version": 1, **groups})}
        for name, each in self.environments.items():
            files[f"environments/{name}.yaml"] = document({"name": name, **each})
        for name, each in self.rules.items():
            files[f"rules/{name}.yaml"] = document({"name": name, **each})
        for name, each in self.requests.items():
            files[f"requests/{name}/request.yaml"] = document({"name": name, **each})
            if self.request_decisions.get(name):
                log = self.request_decisions[name]
                lines = "".join(event_line("request-decision", each) for each in log)
                files[f"requests/{name}/decisions.yaml"] = f"# log\n{lines}"
        for name, each in self.products.items():
            files |= self.product_files(f"products/{name}", name, each)
        files |= self.files
        return {f"registry/{path}": text.encode() for path, text in files.items()}

    def product_files(self, folder: str, name: str, description: Document) -> dict[str, str]:
        files = {f"{folder}/product.yaml": document({"name": name, **description})}
        logs: dict[str, str] = {}
        for event in self.builds.get(name, []):
            add_line(logs, "versions", event, event_line("build", event))
        for event in self.deployments.get(name, []):
            add_line(logs, "deployments", event, event_line("deployment", event))
        for decision in self.decisions.get(name, []):
            add_line(logs, "decisions", decision, event_line("decision", decision))
        return files | {f"{folder}/{path}": f"# log\n{text}" for path, text in logs.items()}


def add_line(logs: dict[str, str], kind: str, event: Document, text: str) -> None:
    path = f"{kind}/{event['at'][:7]}.yaml"
    logs[path] = logs.get(path, "") + text


def document(value: Document) -> str:
    """Return a file of people; JSON is YAML."""
    lines = (f"{json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in value.items())
    return "\n".join([*lines, ""])


def content_hash(request: Document) -> str:
    """Return the SHA-256 of the content of a request."""
    content = {key: request[key] for key in CONTENT if key in request}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def world_of(case: Document) -> World:
    """Return the registry that a case describes."""
    world = World(groups=case.get("groups", {}), files=dict(case.get("files", {})))
    for name in ("test", "staging", "production"):
        world.environments[name] = {}
    world.environments |= case.get("environments", {})
    world.products = {"app": {}, **case.get("products", {})}
    world.rules = {name: rule_of(rule, case) for name, rule in case.get("rules", {}).items()}
    add_events(world, case.get("events", []))
    add_decisions(world, case.get("decisions", []))
    for name, request in case.get("requests", {}).items():
        add_request(world, name, request)
    return world


def rule_of(rule: Document, case: Document) -> Document:
    """Return a rule with its type and, where the case has them, its scope and exception."""
    (kind,) = (each for each in TYPES if each in rule)
    scope = {"applies_to": case["scope"]} if "scope" in case else {}
    excepted = {"except": case["except"]} if "except" in case else {}
    return {"type": kind, **scope, **excepted, **rule}


def long_time(text: str) -> str:
    """Return a time in full: `11-27T10:00` is 2026-11-27T10:00:00Z."""
    day, clock = text.split("T")
    day = day if len(day) > len("11-27") else f"2026-{day}"
    return f"{day}T{clock}{'' if clock.count(':') > 1 else ':00'}Z"


def add_events(world: World, lines: Iterable[str]) -> None:
    for number, each in enumerate(lines, 1):
        time, place, *words = each.split(" ")
        product, _, target = place.rpartition("/")
        plain = [word for word in words if "=" not in word]
        event: Event = {"at": long_time(time), **dict(pairs_of(words, target))}
        event["id"] = event.get("id", f"e{number}")
        product = product or "app"
        world.products.setdefault(product, {})
        if target == "void":
            event = {"at": event["at"], "voids": plain[0], "reason": "wrong", "id": event["id"]}
        elif target == "build":
            event = {**event, "version": plain[0], "status": "completed"}
            world.builds.setdefault(product, []).append(event)
            continue
        else:
            environment, _, instance = target.partition("@")
            event |= {"environment": environment, "status": plain[-1]}
            event |= {"instance": instance} if instance else {}
            event |= {"version": plain[0]} if len(plain) > 1 else {}
        world.deployments.setdefault(product, []).append(event)
    for logs in (*world.builds.values(), *world.deployments.values()):
        logs.sort(key=lambda each: each["at"][:7])


def pairs_of(words: Iterable[str], target: str) -> Iterable[tuple[str, Any]]:
    """Yield the fields of an event that stand as key=value."""
    metadata: Document = {}
    artifacts: Document = {}
    for key, _, value in (word.partition("=") for word in words if "=" in word):
        if key.startswith("meta."):
            metadata[key.removeprefix("meta.")] = value_of(value)
        elif key in ("image", "chart"):
            artifacts[key] = f"sha256:{value * 64}"
        elif key == "by":
            yield ("built_by" if target == "build" else "deployed_by", value)
        else:
            yield KEYS.get(key, key), value
    if artifacts:
        yield "artifacts", artifacts
    if metadata:
        yield "extra_metadata", metadata


def value_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def add_decisions(world: World, lines: Iterable[str]) -> None:
    for number, each in enumerate(lines, 1):
        time, person, word, *rest = each.split(" ")
        fields = dict(pairs_of(rest, ""))
        product = fields.pop("of", "app")
        plain = [each for each in rest if "=" not in each]
        decision: Document = {"at": long_time(time), "by": person, "decision": word}
        if word in ("approved", "rejected", "revoked"):
            decision["approval_type"] = plain.pop(0)
        decision["version"] = plain[0] if plain else "1.0"
        decision |= fields
        world.products.setdefault(product, {})
        world.decisions.setdefault(product, []).append({**decision, "id": f"d{number}"})
    for log in world.decisions.values():
        log.sort(key=lambda each: each["at"][:7])


def add_request(world: World, name: str, request: Document) -> None:
    """Add a request, open unless it says otherwise, and the log of its decisions."""
    before = request.get("before", {})
    lines = request.get("decisions", [])
    plain = {key: request[key] for key in request if key not in ("before", "decisions")}
    now = {"title": name.title(), "state": "open", **plain}
    was = {key: value for key, value in (now | before).items() if value is not None}
    world.requests[name] = now
    log = world.request_decisions.setdefault(name, [])
    for number, each in enumerate(lines, 1):
        time, person, word, *rest = each.split(" ")
        decision: Document = {"at": long_time(time), "by": person, "decision": word}
        if word in ("approved", "rejected"):
            decision["approval_type"] = rest[0]
            decision["of"] = content_hash(was if "of=before" in rest else now)
        elif word in ("done", "undone"):
            decision["step"] = rest[0]
        log.append({**decision, "id": f"d{number}"})
