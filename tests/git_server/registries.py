"""Registries to serve: a small one, and large ones made in one go, each made once a session."""

from __future__ import annotations

import random
import subprocess
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from versioner.editing.imports import import_file
from versioner.git.repository import open_repository
from versioner.layout import log_path, month_of, product_path
from versioner.serialization.documents import dump_document
from versioner.serialization.log import event_line, header
from versioner.setup.init import initialise

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.git_server.served import Served
    from tests.git_server.server import GitServer

__all__ = ["RULES", "registry_on"]

# One that reads the recent deployments of all products and refuses nothing here, and one by which
# nothing may start in production.
RULES = {
    "few-at-once": "name: few-at-once\ntype: concurrency\n"
    "concurrency: {limit: 1000, per: environment}\n",
    "closed": "name: closed\ntype: schedule\napplies_to: {environments: [production]}\n"
    'schedule: {blocked: [{once: {from: "2020-01-01T00:00", to: "2090-01-01T00:00"}}]}\n',
}
_ENVIRONMENTS = ("development", "test", "staging", "production")
_DAYS = 360

# Days before now, product, environment, version, status.
_ROWS = (
    (80, "user-service", "staging", "1.3.9", "completed"),
    (79, "user-service", "production", "1.3.9", "completed"),
    (50, "user-service", "staging", "1.4.0", "completed"),
    (49, "user-service", "production", "1.4.0", "completed"),
    (20, "payment-api", "staging", "2.0.0", "completed"),
    (19, "payment-api", "production", "2.0.0", "completed"),
    (2, "payment-api", "staging", "2.1.0", "failed"),
    (12, "web-frontend", "staging", "2026.11.1", "completed"),
)


def registry_on(
    server: GitServer,
    name: str | None = None,
    *,
    products: int = 0,
    events: int = 0,
    beside: bool = False,
    rule: str = "",
    **options: Any,
) -> Served:
    """Serve a registry on branch main: a small one, or with so many products and events.

    `rule` is one of `RULES` that is enabled, "" for none.

    The products are `user-service`, `payment-api` and `web-frontend`; a large one has
    `service-0000` and so on too, with their events spread over the twelve months before now.
    `beside` puts code and pictures into the same repository. Options are the server's.
    """
    template = _template(server.folder / "templates", products, events, beside, rule)
    return server.repository(name, copy_of=template, **options)


@cache
def _template(folder: Path, products: int, events: int, beside: bool, rule: str) -> Path:
    """Make a registry once, as a bare repository of one pack."""
    top = folder / f"{products}-{events}-{int(beside)}-{rule}"
    top.mkdir(parents=True)
    now = datetime.now(UTC).replace(microsecond=0)
    _small(top / "clone", now)
    if products or beside or rule:
        files = [*_large(products, events, now), *(_beside() if beside else ())]
        if rule:
            files.append((f"registry/rules/{rule}.yaml", RULES[rule].encode()))
        stream = b"".join(_stream(files))
        command = ["git", "fast-import", "--quiet", "--done", "--date-format=now"]
        subprocess.run(command, cwd=top / "clone", input=stream, check=True)
    bare = top / "bare.git"
    clone = ["git", "clone", "-q", "--bare", "--no-local", "--template=", "clone", str(bare)]
    subprocess.run(clone, cwd=top, check=True)
    subprocess.run(["git", "remote", "remove", "origin"], cwd=bare, check=True)
    return bare


def _small(top: Path, now: datetime) -> None:
    lines = ["at,product,environment,version,status,deployed_by,id"]
    for number, (days, *row) in enumerate(_ROWS):
        at = _text(now - timedelta(days=days))
        lines.append(",".join([at, *row, "jane", f"row-{number}"]))
    initialise(top, now=_text(now))
    rows = top.parent / "rows.csv"
    rows.write_text("\n".join(lines) + "\n", encoding="utf-8")
    import_file(open_repository(top), rows, now=_text(now))


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _large(products: int, events: int, now: datetime) -> Iterator[tuple[str, bytes]]:
    """Yield the files of many products, each with its share of the events."""
    for number in range(products):
        name = f"service-{number:04}"
        share = events // products + (number < events % products)
        yield product_path(name), dump_document("product", {"name": name})
        yield from _logs(name, number, share, now)


def _logs(name: str, number: int, share: int, now: datetime) -> Iterator[tuple[str, bytes]]:
    months: dict[str, list[str]] = {}
    for index in range(share):
        back = timedelta(days=_DAYS * (share - index) / share, minutes=number % 60)
        event = _event(number, index, _text(now - back))
        months.setdefault(month_of(event["at"]), []).append(event_line("deployment", event))
    for month, lines in months.items():
        text = header("deployment") + "".join(lines)
        yield log_path(name, "deployment", month), text.encode()


def _event(number: int, index: int, at: str) -> dict[str, Any]:
    """Return an event as a pipeline reports one; each version travels all environments."""
    release = index // len(_ENVIRONMENTS)
    chance = random.Random(f"{number}/{release}")
    return {
        "at": at,
        "environment": _ENVIRONMENTS[index % len(_ENVIRONMENTS)],
        "version": f"1.{release}.0",
        "status": "completed",
        "deployed_by": "deploy-bot",
        "scm_repository": f"acme/service-{number:04}",
        "scm_sha": f"{chance.getrandbits(160):040x}",
        "scm_branch": "main",
        "build_number": str(release + 100),
        "source_system": "github",
        "invoke_id": str(7_000_000 + index),
        "id": f"{chance.getrandbits(96):024x}{number:04x}{index:04x}",
    }


def _beside() -> Iterator[tuple[str, bytes]]:
    """Yield what else a repository may hold: 300 files of code, 20 pictures."""
    chance = random.Random("beside")
    for number in range(300):
        words = (f"value_{chance.getrandbits(40):x} = {chance.random()}\n" for _ in range(100))
        yield f"src/part{number % 20}/module_{number}.py", "".join(words).encode()
    for number in range(20):
        yield f"docs/pictures/{number}.png", b"\x89PNG\r\n\x1a\n" + chance.randbytes(100_000)


def _stream(files: list[tuple[str, bytes]]) -> Iterator[bytes]:
    yield b"commit refs/heads/main\ncommitter Import <import@example.test> now\n"
    yield b"data 6\nGrow.\nfrom refs/heads/main^0\n"
    for path, content in files:
        yield f"M 100644 inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
    yield b"done\n"
