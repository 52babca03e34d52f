"""versioner import: its options, its reports, standard input."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.editing.test_import_exports import (
    ENVIRONMENT,
    ITEM,
    PROJECT,
    argocd,
    github,
    github_status,
    gitlab,
    sync,
    vercel,
)
from tests.server.deliveries import DELIVERIES
from versioner.cli.commands import imports
from versioner.editing.importing.options import FORMATS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.registries import Desk

pytestmark = pytest.mark.slow

INPUTS = {
    "semicolon.csv": "product;at;environment;version;status\r\n"
    "orders;2026-11-01T10:00:00Z;staging;1.0;completed\r\n",
    "UPPER.CSV": "\ufeffproduct,at,environment,version,status\r\n"
    "orders,2026-11-01T10:00:00Z,staging,1.0,completed\r\n",
    "trailing-empty.csv": "product,at,environment,version,status,,\n"
    "orders,2026-11-01T10:00:00Z,staging,1.0,completed,,\n,,,,,,\n,,,,,,\n",
    "deployments.json": json.dumps(
        [
            {
                "id": 1,
                "sha": "a1" * 20,
                "ref": "main",
                "environment": "production",
                "creator": {"login": "robin", "id": 1},
                "created_at": "2026-07-20T01:19:13Z",
                "repository_url": "https://api.github.com/repos/acme/orders",
            }
        ]
    ),
}


def test_the_formats_of_the_option_are_those_that_are_read() -> None:
    (option,) = (each for each in imports.import_.params if each.name == "format_")
    assert tuple(option.type.choices) == FORMATS  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", INPUTS)
def test_each_form_imports_with_one_line(desk: Desk, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(INPUTS[name], encoding="utf-8")
    assert desk.run("import", str(path), "--dry-run", "-o", "json").json()["added"] == 1
    done = desk.run("import", str(path), "-o", "json").json()
    assert (done["added"], done["already_recorded"], done["dry_run"]) == (1, 0, False)
    assert done["created"] == ["registry/products/orders/product.yaml"]
    assert desk.git("rev-parse", "HEAD") == done["commit"]
    again = desk.run("import", str(path), "-o", "json").json()
    assert (again["added"], again["already_recorded"], again["commit"]) == (0, 1, None)


EXPORTS: dict[str, tuple[Any, int]] = {
    "github": ([github(statuses=[github_status("success", "2012-07-20T01:22:00Z")])], 2),
    "gitlab": ([gitlab()], 2),
    "octopus": (
        {"Projects": [PROJECT], "Environments": [ENVIRONMENT], "Items": [ITEM], "Links": {}},
        2,
    ),
    "argocd": ({"kind": "List", "items": [argocd(history=[sync(1), sync(2)])]}, 4),
    "vercel": ({"deployments": [vercel()], "pagination": {"count": 1, "next": None}}, 2),
    "cdevents": ([DELIVERIES["cdevents service.deployed"][1]], 1),
}


@pytest.mark.parametrize("system", EXPORTS)
def test_an_export_in_its_documented_shape_imports_with_one_line(
    desk: Desk, tmp_path: Path, system: str
) -> None:
    document, events = EXPORTS[system]
    path = tmp_path / "export.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    done = desk.run("import", str(path), "-o", "json").json()
    assert (done["added"], done["refused"], done["notes"]) == (events, [], [])
    assert done["format"].startswith(system)
    assert desk.run("validate").code == 0
    assert desk.run("import", str(path), "-o", "json").json()["added"] == 0


def test_a_deployment_without_a_result_is_told(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "deployments.json"
    path.write_text(INPUTS[path.name], encoding="utf-8")
    told = desk.run("import", str(path)).out
    assert "1 deployment without a result in the file" in told and "--set status" in told
    done = desk.run("import", str(path), "--set", "status=completed", "-o", "json").json()
    assert (done["format"], done["added"], done["notes"]) == ("github-deployments", 1, [])
    (shown,) = desk.run("deployment", "list", "--product", "orders", "-o", "json").json()
    assert (shown["version"], shown["status"]) == ("a1a1a1a1", "completed")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_standard_input_is_read_with_a_format(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    data = INPUTS["semicolon.csv" if form == "csv" else "deployments.json"].encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    formats = ["--format", "csv" if form == "csv" else "github-deployments"]
    done = desk.run("import", "-", *formats, "-o", "json").json()
    assert done["added"] == 1
    refused = desk.run("import", "-")
    assert refused.code == 2 and "--format csv" in refused.err


def test_a_refused_import_is_json_too(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    head = "product,at,environment,version,status\n"
    path.write_text(f"{head}orders,2026-11-01T10:00:00Z,staging,2.02611E+13,completed\n")
    before = desk.commits()
    refused = desk.run("import", str(path), "-o", "json")
    document: dict[str, Any] = json.loads(refused.out)
    assert (refused.code, document["added"], document["commit"]) == (4, 0, None)
    (row,) = document["refused"]
    assert row["line"] == 2 and "2.02611E+13" in row["message"]
    assert "line 2" in refused.err
    assert desk.commits() == before


def test_what_is_left_out_and_doubtful_is_told(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    row = "orders;01.11.2026 10:00;Stage;latest;"
    path.write_text(f"app;when;env;version;result\n{row}OK\n{row}n/a\n", encoding="utf-8")
    done = desk.run(
        *("import", str(path), "--map", "app=product", "--map", "when=at"),
        *("--map", "env=environment", "--map", "result=status", "--value", "status:ok=completed"),
        *("--value", "status:n/a=-", "--value", "environment:Stage=staging"),
        *("--time-format", "%d.%m.%Y %H:%M", "--time-zone", "Europe/Berlin"),
        *("-o", "json"),
    ).json()
    assert (done["added"], done["skipped"], done["doubtful_versions"]) == (
        *(1, {"status n/a": 1}, {"latest": 1}),
    )
    assert len(done["notes"]) == 2
    (shown,) = desk.run("deployment", "list", "--product", "orders", "-o", "json").json()
    assert (shown["environment"], shown["at"]) == ("staging", "2026-11-01T09:00:00Z")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--map", "a=product", "--map", "a=version"), "--map a is given twice"),
        (("--set", "environment"), "FIELD=VALUE"),
        (("--set", "job=a", "--set", "job=b"), "--set job is given twice"),
        (("--value", "status=completed"), "FIELD:WORD=VALUE"),
        (("--value", "status:a=failed", "--value", "status:a=completed"), "given twice"),
        (("--time-zone", "Mars/Olympus"), "Mars/Olympus"),
        (("--time-format", "dd.mm.yyyy"), "strptime"),
    ],
)
def test_options_that_cannot_be_carried_out_are_usage_errors(
    desk: Desk, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    path = tmp_path / "semicolon.csv"
    path.write_text(INPUTS[path.name], encoding="utf-8")
    refused = desk.run("import", str(path), *options)
    assert refused.code == 2
    assert said in refused.err
