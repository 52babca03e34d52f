"""Schemathesis on the description of the API, with all of its checks, in process.

    python -m tests.server.fuzzing REPOSITORY STATE SEQUENCES CASES EVERY

prints as JSON which operations were tried and what was found: `sequences` of the examples and of
sequences of operations, `cases` of generated requests to one operation in EVERY. It is a process
of its own, for pytest would rewrite all modules of Schemathesis, which takes longer than the test.

    python -m tests.server.fuzzing REPOSITORY STATE CASES --keep FOLDER

tries one operation after the other, each on a copy of the repository, those that write and have
the most values first, and then the sequences. It writes a file of what each gave into the folder:
a run that was stopped goes on with the operations that have none.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.server.conftest import bearer, clock_at, token_for
from versioner.server.app import create_app
from versioner.server.settings import Limits, ServerSettings

HOST = {"Host": "127.0.0.1"}
PHASES = ("examples", "coverage", "fuzzing", "stateful")


def without_lifespan(app: ASGIApp) -> ASGIApp:
    """Return the routes alone: Schemathesis begins and ends the application with each request."""

    async def routes(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await app(scope, receive, send)
            return
        for word in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{word}.complete"})

    return routes


def settings_of(headers: dict[str, str], cases: int, phases: tuple[str, ...]) -> dict[str, Any]:
    """Return the settings of a run, which has all checks; a small one is always the same."""
    steps = {"enabled": "stateful" in phases, "max-steps": min(cases * 15, 50)}
    return {
        "headers": headers,
        "generation": {"max-examples": cases, "deterministic": cases < 10},
        "phases": {each: {"enabled": each in phases} for each in PHASES} | {"stateful": steps},
        "suppress-health-check": ["all"],
        "continue-on-failure": True,
    }


def schema_of(app: ASGIApp, headers: dict[str, str], cases: int, *phases: str) -> Any:
    """Return the description of an application with the settings of a run."""
    return schemathesis.openapi.from_asgi(
        "/openapi.json",
        app,
        config=SchemathesisConfig.from_dict(settings_of(headers, cases, phases)),
        headers=HOST,
    )


def labels_of(schema: Any) -> list[str]:
    """Return the operations of a description, such as `POST /builds`."""
    return [each.ok().label for each in schema.get_all_operations()]


def findings(schema: Any, *, every: int = 1) -> dict[str, Any]:
    """Return the operations that were meant, those that were tried, and what the checks found."""
    # The first of a sample is the event of a deployment, which takes the most values.
    names = labels_of(schema)
    chosen = names[names.index("POST /deployment-events/") % every :: every] if every > 1 else names
    if every > 1:
        schema = schema.include(lambda context: context.operation.label in chosen)
    tried: set[str] = set()
    found: dict[tuple[str, str], str] = {}
    number = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            error = getattr(event, "value", None) or getattr(event, "exception", event)
            found["error", str(event)] = f"{getattr(event, 'label', '')}: {error!r}"
        if not isinstance(event, events.ScenarioFinished):
            continue
        recorder = event.recorder
        for case_id, checks in recorder.checks.items():
            label = recorder.cases[case_id].value.operation.label
            tried.add(label)
            number += 1
            for failure in (each.failure_info for each in checks if each.failure_info):
                title = type(failure.failure).__name__
                text = f"{title} of {label}: {failure.failure}\n{failure.code_sample}"
                found.setdefault((title, label), text)
    told = [*found.values()]
    return {"meant": chosen, "tried": sorted(tried), "requests": number, "found": told}


def served_at(repository: Path, state: Path) -> tuple[ASGIApp, dict[str, str]]:
    """Return the routes of a server without limits, and the headers of its administrator."""
    unlimited = Limits(rate=1e6, burst=10**6, failures=10**6)
    settings = ServerSettings(repository, state, clock_at(), limits=unlimited)
    served = create_app(settings)
    # The site of this server is built: what is not there is 404.
    site = served.state.services.site.folder
    site.mkdir(parents=True)
    (site / "index.html").write_text("<!doctype html>")
    return without_lifespan(served), {**HOST, **bearer(token_for(settings, "admin"))}


def main(repository: Path, state: Path, sequences: int, cases: int, every: int) -> None:
    """Print what both runs find."""
    app, headers = served_at(repository, state)
    document = {
        "sequences": findings(schema_of(app, headers, sequences, "examples", "stateful")),
        "cases": findings(schema_of(app, headers, cases, "coverage", "fuzzing"), every=every),
    }
    json.dump(document, sys.stdout)


def weight_of(operation: Any) -> tuple[bool, int]:
    """Return what puts an operation first: whether it writes, and how many values it takes."""
    values = len(list(operation.iter_parameters()))
    values += len(str(operation.definition.raw.get("requestBody", "")))
    return operation.method.upper() != "GET", values


def at_length(repository: Path, state: Path, cases: int, folder: Path) -> None:
    """Write what each operation, and then the sequences, gave; go on where a run was stopped."""
    folder.mkdir(parents=True, exist_ok=True)
    app, headers = served_at(repository, state / "described")
    operations = [each.ok() for each in schema_of(app, headers, 1).get_all_operations()]
    ordered = [each.label for each in sorted(operations, key=weight_of, reverse=True)]
    for label in (*ordered, ""):
        kept = folder / f"{re.sub(r'[^A-Za-z]+', '-', label).strip('-') or 'sequences'}.json"
        if not kept.exists():
            kept.write_text(json.dumps(_one(repository, state, cases, label), indent=1))


def _one(repository: Path, state: Path, cases: int, label: str) -> dict[str, Any]:
    """Return what one operation gave, or without its label the sequences."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        bare = Path(name) / "bare.git"
        shutil.copytree(repository, bare)
        app, headers = served_at(bare, Path(name) / "state")
        phases = ("coverage", "fuzzing") if label else ("examples", "stateful")
        schema = schema_of(app, headers, cases, *phases)
        if label:
            schema = schema.include(lambda context: context.operation.label == label)
        return {"label": label, **findings(schema), "seconds": time.monotonic() - began}


if __name__ == "__main__":
    if "--keep" in sys.argv:
        at_length(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[5]))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
