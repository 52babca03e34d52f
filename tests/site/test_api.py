"""The JSON API: what it says is what was recorded, and its links lead to it."""

from __future__ import annotations

import csv
import io
import json
import posixpath
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import build, deployment, product, registry, undeployment, void
from tests.site.machine_files import HOSTILE, documents, files_of
from tests.site.samples import everything
from tests.site.test_real_shape import ENVIRONMENTS, Rows, rows_in, twin_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.slow


def count_from(files: dict[str, bytes], rows: Rows) -> None:
    """Compare every number of the API, and every deployment in it, with the rows themselves."""
    found = documents(files)
    index = found["api/v1/index.json"]
    products = Counter(row["product"] for row in rows)
    versions = {(row["product"], row["version"]) for row in rows}
    assert index["deployments"] == len(rows)
    assert index["products"] == len(products)
    assert index["versions"] == len(versions)
    assert told_by_json(found) == told_by_tables(files) == Counter(map(told, rows))
    latest = {}
    for row in sorted(rows, key=lambda row: row["at"]):
        latest[row["product"], row["environment"]] = row["version"]
    for line in found["api/v1/matrix.json"]["rows"]:
        for cell in line["cells"]:
            place = cell["product"], cell["environment"]
            assert cell["version"] == latest.get(place)
    for entry in found["api/v1/products/index.json"]["products"]:
        assert entry["deployments"] == products[entry["name"]]
        assert entry["versions"] == sum(name == entry["name"] for name, _ in versions)


def told(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[key] for key in ("product", "at", "environment", "version", "deployed_by"))


def told_by_json(found: dict[str, Any]) -> Counter[tuple[str, ...]]:
    return Counter(
        told({**each, "product": document["product"]})
        for path, document in found.items()
        if path.startswith("api/v1/products/") and not path.endswith("index.json")
        for each in document["deployments"]
    )


def told_by_tables(files: dict[str, bytes]) -> Counter[tuple[str, ...]]:
    return Counter(
        told(row)
        for path, content in files.items()
        if path.endswith(".csv")
        for row in csv.DictReader(io.StringIO(content.decode(), newline=""))
    )


def files_from(rows: Rows) -> dict[str, bytes]:
    events: dict[str, list[dict[str, str]]] = {}
    for number, row in enumerate(rows):
        said = {key: value for key, value in row.items() if key != "product"}
        event = deployment(said.pop("version"), id=f"{number:026d}", **said)
        events.setdefault(row["product"], []).append(event)
    return files_of(
        registry(
            *(product(name, events[name]) for name in sorted(events)),
            environments={name: {} for name in ENVIRONMENTS},
        )
    )


def test_the_api_equals_a_count_from_rows_of_the_real_shape(
    scale: Callable[[int, int], int],
) -> None:
    rows = twin_rows(scale(3000, 90000))
    count_from(files_from(rows), rows)


def test_the_api_equals_a_count_from_the_real_rows(real_rows_file: Path) -> None:
    rows = rows_in(real_rows_file)
    files = files_from(rows)
    count_from(files, rows)
    assert sum(map(len, files.values())) < 50_000_000


def test_history_has_the_names_of_the_pages(site: Path) -> None:
    pages = {path.relative_to(site).with_suffix("") for path in site.glob("products/*/20*.html")}
    data = {
        path.relative_to(site / "api" / "v1").with_suffix("")
        for path in site.glob("api/v1/products/*/20*.json")
    }
    former = {path for path in pages - data if path.parts[1] == "login-service"}
    assert pages - former == data


def test_links_lead_from_the_root_that_a_document_names(site: Path) -> None:
    for path in sorted((site / "api" / "v1").rglob("*.json")):
        document = json.loads(path.read_bytes())
        if "root" in document:
            here = path.relative_to(site).as_posix()
            joined = posixpath.join(posixpath.dirname(here), document["root"])
            assert posixpath.normpath(joined) == "."
    index = json.loads((site / "api" / "v1" / "index.json").read_bytes())
    assert all((site / each["data"]).is_file() for each in index["documents"])
    assert all((site / each["feed"]).is_file() for each in index["teams"])


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_comes_back_the_same(text: str) -> None:
    found = documents(files_of(everything(text)))
    history = [d for p, d in found.items() if "/user-service/20" in p]
    said = [each for d in history for each in d["deployments"] if each["deployed_by"]]
    assert {each["deployed_by"] for each in said} == {text}
    assert {each["details"]["reason"] for each in said} == {text}
    assert said[0]["details"]["metadata"][0] == {"name": "note", "value": text, "encoding": "text"}
    deep = said[0]["details"]["metadata"][1]
    assert json.loads(deep["value"]) == {"inner": [text]}
    notes = [v["details"]["notes"] for d in history for v in d["versions"] if v["name"] == "1.0.0"]
    assert notes == [text]


def test_what_was_undeployed_is_listed_in_its_month_and_nowhere_as_a_deployment() -> None:
    events = [
        deployment("1", at="2026-10-01T10:00:00Z", id="e1"),
        undeployment(at="2026-11-02T10:00:00Z", id="e2", reason="closed", deployed_by="jane"),
        undeployment("9", at="2026-11-03T10:00:00Z", id="e3", instance="eu"),
    ]
    found = documents(files_of(registry(product("a", events))))
    assert "undeployments" not in found["api/v1/products/a/2026-10.json"]
    month = found["api/v1/products/a/2026-11.json"]
    assert month["deployments"] == []
    first, second = month["undeployments"]
    assert first == {
        "id": "e2",
        "at": "2026-11-02T10:00:00Z",
        "environment": "production",
        "version": None,
        "void": False,
        "deployed_by": "jane",
        "ended": ["1"],
        "details": {"reason": "closed"},
    }
    assert (second["version"], second["instance"], second["ended"]) == ("9", "eu", [])
    tables = found["api/v1/products/a/index.json"]["tables"]
    assert [each["month"] for each in tables] == ["2026-10", "2026-11"]


def test_a_deployment_of_several_events_has_its_steps() -> None:
    opened = deployment("1", "started", minutes=-60, id="e1")
    closed = deployment("1", "failed", minutes=-50, id="e2")
    again = deployment("1", "completed", minutes=-40, id="e3")
    mistake = void(closed, id="f1", reason="it did work")
    files = files_of(registry(product("a", [opened, closed, again, mistake])))
    (told_of,) = documents(files)["api/v1/products/a/2026-11.json"]["deployments"]
    assert [(s["id"], s["status"], s["void"]) for s in told_of["details"]["steps"]] == [
        ("e1", "started", False),
        ("e2", "failed", True),
        ("e3", "completed", False),
    ]
    (summary,) = documents(files)["api/v1/deployments/index.json"]["deployments"]
    assert (summary["status"], summary["seconds"]) == ("completed", 20 * 60)


def test_a_void_deployment_says_why() -> None:
    mistaken = deployment("1", id="e1", reason="go")
    files = files_of(registry(product("a", [mistaken, void(mistaken, id="f1", reason="oops")])))
    found = documents(files)
    (told_of,) = found["api/v1/products/a/2026-11.json"]["deployments"]
    assert (told_of["void"], told_of["details"]["reason"]) == (True, "oops")
    assert found["api/v1/products/a/index.json"]["environments"][-1]["version"] is None


def test_documents_do_not_change_with_the_commit() -> None:
    first, second = everything(), everything()
    second.revision = "0" * 40
    assert files_of(first) == files_of(second)


def test_a_closed_month_stays_the_same_bytes_when_more_is_deployed() -> None:
    old = [deployment("1", at="2026-09-03T10:00:00Z", id="e1")]
    before = files_of(registry(product("a", old)))
    after = files_of(registry(product("a", [*old, deployment("2", id="e2")])))
    for path in ("api/v1/products/a/2026-09.json", "tables/a/2026-09.csv"):
        assert before[path] == after[path]


def test_artifacts_of_a_version_and_a_deployment_are_named_with_their_digests() -> None:
    one, other = (f"sha256:{digit * 64}" for digit in "ab")
    builds = [build("1", artifacts={"image": one}), build("1", artifacts={"chart": other})]
    deployed = deployment("1", id="e1", artifacts={"image": one, "app.tar": one})
    whole = registry(product("a", [deployed], builds))
    path = "api/v1/products/a/2026-11.json"
    month = documents(files_of(whole))[path]
    (version,), (row,) = month["versions"], month["deployments"]
    image = {"name": "image", "digest": one}
    app = {"name": "app.tar", "digest": one}
    assert version["details"]["artifacts"] == [app, {"name": "chart", "digest": other}, image]
    assert row["details"]["artifacts"] == [app, image]
    whole.config["site"] = {"hidden_fields": ["artifacts"]}
    assert one not in json.dumps(documents(files_of(whole))[path])
