"""Reports of one product agree with those of all, whatever is edited in the files."""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import deployment
from tests.fixtures.clones import make, sh
from tests.registry.files import environment, files, log, product
from versioner.cli import clock
from versioner.cli.errors import run

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["shop", *(f"p{number}" for number in range(11))]
PLACES = ("staging", "production", "lab")
OLD, NEW = "2025-10-01T12:00:00Z", "2026-11-01T12:00:00Z"


def events_of(name: str, places: tuple[str, ...], at: str, version: str = "1") -> bytes:
    events = [deployment(version, environment=each, at=at, id=f"{name}-{each}") for each in places]
    return next(iter(log(name, *events).values()))


def path_of(name: str, month: str = "2026-11") -> str:
    return f"registry/products/{name}/deployments/{month}.yaml"


@pytest.fixture
def top(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a clone with three environments, of which everything is known."""
    monkeypatch.setattr(clock, "now", lambda: "2026-11-29T12:00:00Z")
    parts = [environment("lab"), *map(product, NAMES)]
    logs = {
        path_of(each): events_of(each, PLACES[: 2 + (each in "shop p0")], NEW) for each in NAMES
    }
    found = make(tmp_path / "clone", files(*parts) | logs)
    time.sleep(0.06)
    for _ in range(2):
        assert run(["status", "--repo", str(found)]) == 0
    return found


def asked(top: Path, capsys: pytest.CaptureFixture[str], *command: str) -> str:
    capsys.readouterr()
    assert run([*command, "--repo", str(top)]) == 0
    return capsys.readouterr().out


def assert_as_of_all(top: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Compare what is said of one product with what is said of all, which looks at each file."""
    one = asked(top, capsys, "status", "--product", "shop")
    shown: dict[str, Any] = json.loads(asked(top, capsys, "product", "show", "shop", "-o", "json"))
    own = json.loads(asked(top, capsys, "status", "--product", "shop", "-o", "json"))["products"]
    every = json.loads(asked(top, capsys, "status", "-o", "json"))["products"]
    assert own == [each for each in every if each["product"] == "shop"]
    assert shown["drifting"] == own[0]["drifting"]
    hidden = [line for line in one.splitlines() if line.startswith("not compared")]
    whole = asked(top, capsys, "status")
    for line in hidden:
        assert line in whole
    documents = (top / "registry/products").glob("*/product.yaml")
    needed_by = [each.parent.name for each in documents if '"shop"]' in each.read_text()]
    assert shown["needed_by"] == sorted(needed_by)


def test_an_environment_that_an_edit_takes_out_of_use_is_not_compared(
    top: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (top / path_of("shop")).write_bytes(
        events_of("shop", ("staging", "production"), NEW)
        + events_of("shop", ("lab",), NEW, "2").partition(b"\n")[2]
    )
    assert json.loads(asked(top, capsys, "product", "show", "shop", "-o", "json"))["drifting"]
    # Written in place: no directory changes, and nothing is committed.
    (top / path_of("p0")).write_bytes(events_of("p0", ("staging", "production"), NEW))
    assert not json.loads(asked(top, capsys, "product", "show", "shop", "-o", "json"))["drifting"]
    assert "not compared for drift: lab" in asked(top, capsys, "status", "--product", "shop")
    assert_as_of_all(top, capsys)


def test_a_product_that_comes_to_depend_on_another_is_named_there(
    top: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = json.loads(asked(top, capsys, "product", "show", "shop", "-o", "json"))
    assert shown["needed_by"] == []
    with (top / "registry/products/p7/product.yaml").open("a") as file:
        file.write('depends_on: ["shop"]\n')
    shown = json.loads(asked(top, capsys, "product", "show", "shop", "-o", "json"))
    assert shown["needed_by"] == ["p7"]


def edit(top: Path, dice: random.Random) -> None:
    """Change one file of a product, or a product as a whole, without a commit."""
    name = dice.choice(NAMES)
    folder = top / "registry/products" / name
    what = dice.randrange(6)
    if what == 0 and name != "shop":
        for each in sorted(folder.rglob("*.yaml"), reverse=True):
            each.unlink()
        return
    if what == 1:
        needed = dice.choice(['["shop"]', '["p1", "shop"]', "[]"])
        text = f'name: "{name}"\ndepends_on: {needed}\n'
        text = f'name: "{name}"\n' if name == "shop" else text
        (folder / "product.yaml").write_text(text)
        return
    at = dice.choice([OLD, NEW])
    places = tuple(sorted(dice.sample(PLACES, dice.randrange(1, 4))))
    target = top / path_of(name, at[:7])
    target.write_bytes(events_of(name, places, at, dice.choice("12")))
    (top / path_of(name, "2025-10" if at == NEW else "2026-11")).unlink(missing_ok=True)
    if not (folder / "product.yaml").exists():
        (folder / "product.yaml").write_text(f'name: "{name}"\n')
    if what == 2:
        sh(top, "add", "-A")
        sh(top, "commit", "-q", "-m", "Edit")


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.sampled
def test_after_random_edits_a_report_of_one_product_is_as_one_of_all(
    top: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    dice = random.Random(seed)
    for _ in range(6):
        for _ in range(dice.randrange(1, 4)):
            edit(top, dice)
        assert_as_of_all(top, capsys)


@pytest.mark.parametrize("is_used", [True, False])
def test_only_errors_of_the_product_and_of_what_all_share_are_counted(
    top: Path, capsys: pytest.CaptureFixture[str], *, is_used: bool
) -> None:
    if not is_used:
        # Then the files of all products are read to know what is compared.
        (top / path_of("p0")).write_bytes(events_of("p0", PLACES[:2], OLD))
    for command in (["status", "--product", "shop"], ["product", "show", "shop"]):
        (top / path_of("p5")).write_bytes(b"- no event\n")
        asked(top, capsys, *command)
        assert run([*command, "--repo", str(top)]) == 0
        assert "error" not in capsys.readouterr().err
        with (top / path_of("shop")).open("ab") as file:
            file.write(b"- no event\n")
        assert run([*command, "--repo", str(top)]) == 0
        assert "1 error" in capsys.readouterr().err
        sh(top, "checkout", "--", path_of("shop"))
