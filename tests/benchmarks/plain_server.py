"""A plain server that the benchmark compares with: one `git add` and `git commit` a request.

    python -m tests.benchmarks.plain_server WORK_TREE PORT

Of the same framework, it appends the line of an event to the log of its product, and judges
nothing. The requests come in threads, and commit one after the other.
"""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from pathlib import Path
from threading import Lock
from typing import Any

import uvicorn
from fastapi import FastAPI

__all__ = ["plain_app"]


def plain_app(top: Path) -> FastAPI:
    """Return the application for a work tree."""
    app, lock = FastAPI(), Lock()

    # Without annotations of types that FastAPI would look for in the module.
    def record(body: dict) -> dict:  # type: ignore[type-arg]
        event = {**body, "id": uuid.uuid4().hex}
        path = f"registry/products/{body['product_name']}/deployments/2026-11.yaml"
        with lock:
            _commit(top, path, event)
        return {"event_id": event["id"]}

    app.post("/deployment-events/")(record)
    return app


def _commit(top: Path, path: str, event: dict[str, Any]) -> None:
    file = top / path
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as log:
        log.write(f"- {json.dumps(event)}\n")
    subject = f"Record deployment of {event['product_name']} {event['version']}"
    subprocess.run(["git", "add", "--", path], cwd=top, check=True)
    subprocess.run(["git", "commit", "-q", "-m", subject], cwd=top, check=True)


if __name__ == "__main__":
    uvicorn.run(plain_app(Path(sys.argv[1])), port=int(sys.argv[2]), log_level="warning")
