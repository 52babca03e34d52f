"""Every surface gives the same answer to the same question: text, JSON, API, pages, badges, feeds.

The registry is a real one, made with the command line. The answers that are expected are written
down here by hand, so that two surfaces that are wrong in the same way are found as well.
"""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from tests.acceptance.tool import look, text_in_process, versioner
from tests.site.checker import Page

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

FILLERS = tuple(f"filler-{number:02}" for number in range(12))
DESCRIBED = ("api", "shop", "web")
PRODUCTS = (*DESCRIBED, *FILLERS)

# `web` began its last deployment shortly before midnight and finished it the day after.
MIDNIGHT = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=5)
ATOM = "{http://www.w3.org/2005/Atom}"


def moment(**ago: float) -> str:
    return (MIDNIGHT - timedelta(**ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


WEB_BEGAN = moment(minutes=10)
SHOP_BEGAN = moment(days=2)

# Drift counts the environments that the overview shows as columns: `legacy` has seen nothing for
# two years, only one product of fifteen uses `sandbox`, and nothing runs in `unused`.
DRIFTING = {"web"}
LEFT_OUT = ("legacy", "sandbox")
LAST_DEPLOYED = {"web": WEB_BEGAN, "shop": SHOP_BEGAN, "api": moment(days=3)} | dict.fromkeys(
    FILLERS, moment(days=9)
)
OWNERS = {"shop": "commerce", "web": "Jane Roe", "api": "platform"}
DEPENDENTS = {"shop": ["api", "web"]}
FORMER_NAMES = {"api": ["a-first-name", "old-api"]}
# Who deployed last what runs in production: the latest event that names somebody.
DEPLOYED_BY = {"web": "bob", "shop": "ann", "api": "eve"}

ROWS = (
    *({"product": each, "at": moment(days=9), "version": "1.0"} for each in FILLERS),
    {"product": "shop", "at": moment(days=730), "environment": "legacy", "version": "0.9"},
    {"product": "shop", "at": moment(days=3), "environment": "staging", "version": "2.0"},
    {"product": "shop", "at": moment(days=4), "environment": "sandbox", "version": "2.1"},
    {"product": "shop", "at": SHOP_BEGAN, "version": "2.0", "deployed_by": "ann"},
    {"product": "shop", "at": moment(days=1), "version": "2.2", "deployed_by": "joe"},
    {"product": "web", "at": moment(days=6), "environment": "staging", "version": "1.1"},
    {"product": "web", "at": WEB_BEGAN, "version": "1.0", "status": "started",
     "deployed_by": "ann", "invoke_id": "7"},
    {"product": "web", "at": moment(minutes=-20), "version": "1.0", "deployed_by": "bob",
     "invoke_id": "7"},
    {"product": "old-api", "at": moment(days=3), "version": "3.0", "deployed_by": "eve"},
)  # fmt: skip


class Surfaces:
    """Everything that the registry is shown through: the command line and the built site."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.site = top / "_site"

    def text(self, *command: str) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COLUMNS", "200")
            return text_in_process(*command, cwd=self.top)

    def json(self, *command: str) -> Any:
        return json.loads(text_in_process(*command, "--output", "json", cwd=self.top))

    def api(self, name: str) -> Any:
        return json.loads((self.site / "api/v1" / name).read_text(encoding="utf-8"))

    def page(self, name: str) -> Page:
        return Page((self.site / name).read_text(encoding="utf-8"))

    def row(self, page: str, product: str) -> Page:
        """Return the row of a table that begins with a link to a product."""
        text = (self.site / page).read_text(encoding="utf-8")
        head = re.compile(rf'<th scope="row"><a href="[^"]*">{product}</a>')
        found = next(part for part in text.split("<tr") if head.search(part))
        return Page("<tr" + found.partition("</tr>")[0] + "</tr>")

    def entries(self, feed: str) -> list[ElementTree.Element]:
        return ElementTree.parse(self.site / "feeds" / feed).findall(f"{ATOM}entry")

    def search_names(self) -> dict[str, list[str]]:
        script = (self.site / "assets/search/index.js").read_text(encoding="ascii")
        data = json.loads(script[script.index("{") : script.rindex("}") + 1])
        return {name: others for name, *others in data["products"]}


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Surfaces:
    top = tmp_path_factory.mktemp("agreement") / "registry"
    versioner("init", top)
    for name in ("legacy", "sandbox", "unused"):
        text_in_process("environment", "create", name, cwd=top)
    with (top.parent / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(
            file,
            ["product", "at", "environment", "version", "status", "deployed_by", "invoke_id"],
        )
        writer.writeheader()
        writer.writerows({"environment": "production", "status": "completed"} | r for r in ROWS)
    text_in_process("import", top.parent / "rows.csv", cwd=top)
    text_in_process("product", "rename", "old-api", "a-first-name", cwd=top)
    text_in_process("product", "rename", "a-first-name", "api", cwd=top)
    edit(top, "shop", "extra_metadata.team=commerce", "extra_metadata.owner=somebody else")
    edit(top, "web", "extra_metadata.owner=Jane Roe", "depends_on=shop")
    edit(top, "api", "extra_metadata.team=platform", "depends_on=shop")
    mistaken = look("deployment", "list", "--product", "shop", "--version", "2.2", cwd=top)
    text_in_process("deployment", "void", mistaken[0]["id"], "--reason", "a mistake", cwd=top)
    text_in_process("site", "build", cwd=top)
    return Surfaces(top)


def edit(top: Path, product: str, *assignments: str) -> None:
    changes = [part for each in assignments for part in ("--set", each)]
    text_in_process("product", "edit", product, *changes, cwd=top)


def test_every_surface_agrees_on_what_drifts(shown: Surfaces) -> None:
    status = shown.json("status")["products"]
    assert {row["product"] for row in status if row["drifting"]} == DRIFTING
    lines = shown.text("status").splitlines()
    assert {line.split()[0] for line in lines if re.search(r"\bdrift$", line)} == DRIFTING
    for name in DESCRIBED:
        assert shown.json("product", "show", name)["drifting"] == (name in DRIFTING)
        marked = re.search(r"  drift$", shown.text("product", "show", name), re.MULTILINE)
        assert bool(marked) == (name in DRIFTING)
    matrix = shown.api("matrix.json")["rows"]
    assert {row["product"] for row in matrix if row["drifting"]} == DRIFTING
    listed = shown.api("products/index.json")["products"]
    assert {each["name"] for each in listed if each["drifting"]} == DRIFTING
    for name in PRODUCTS:
        assert shown.api(f"products/{name}/index.json")["drifting"] == (name in DRIFTING)
        assert ("drifting" in shown.row("index.html", name).shown) == (name in DRIFTING)
        word = "drifting" if name in DRIFTING else "in step"
        badge = shown.site / "badges" / f"{name}.drift.json"
        assert json.loads(badge.read_bytes())["message"] == word
        assert f">{word}</text>" in badge.with_suffix(".svg").read_text(encoding="utf-8")


def test_drift_of_some_products_is_that_of_all_of_them(shown: Surfaces) -> None:
    for name in DESCRIBED:
        (row,) = shown.json("status", "--product", name)["products"]
        assert row["drifting"] == (name in DRIFTING)


def test_environments_that_are_named_are_compared(shown: Surfaces) -> None:
    named = ("--environment", "legacy", "--environment", "production")
    rows = shown.json("status", *named)["products"]
    assert {row["product"] for row in rows if row["drifting"]} == {"shop"}


def test_status_says_which_environments_drift_leaves_out_as_the_overview_does(
    shown: Surfaces,
) -> None:
    note = shown.text("status").strip().splitlines()[-1]
    overview = shown.page("index.html").shown
    for name in LEFT_OUT:
        assert name in note
    assert "unused" not in note
    for reason in (
        "nothing was deployed there in the last year",
        "only 1 product of 15 deployed there in the last year",
    ):
        assert reason in note
        assert reason in overview


def test_every_surface_agrees_on_when_a_product_was_last_deployed(shown: Surfaces) -> None:
    listed = {each["name"]: each["last_deployed_at"] for each in shown.json("product", "list")}
    assert listed == LAST_DEPLOYED
    table = shown.text("product", "list")
    documents = {each["name"]: each for each in shown.api("products/index.json")["products"]}
    for name, at in LAST_DEPLOYED.items():
        line = next(each for each in table.splitlines() if each.startswith(f"{name} "))
        assert line.split()[-1] == at[:10]
        assert documents[name]["latest_at"] == at
        assert shown.api(f"products/{name}/index.json")["latest_at"] == at
        assert f'datetime="{at}"' in shown.row("products/index.html", name).text
        valid = [e for e in shown.entries(f"products/{name}.atom") if not title(e).endswith("void")]
        assert valid[0].findtext(f"{ATOM}published") == at
    for name in DESCRIBED:
        assert shown.json("product", "show", name)["last_deployed_at"] == LAST_DEPLOYED[name]


def test_every_surface_agrees_on_when_a_version_was_last_deployed(shown: Surfaces) -> None:
    (version,) = (e for e in shown.json("version", "list", "web") if e["version"] == "1.0")
    assert version["deployed_at"] == WEB_BEGAN
    assert shown.json("version", "show", "web", "1.0")["deployed_at"] == WEB_BEGAN
    line = next(e for e in shown.text("version", "list", "web").splitlines() if e.startswith("1.0"))
    assert f"{WEB_BEGAN[:10]} {WEB_BEGAN[11:16]}" in line


def test_every_surface_agrees_on_since_when_a_version_runs(shown: Surfaces) -> None:
    since = moment(minutes=-20)
    (row,) = shown.json("status", "--product", "web")["products"]
    assert row["cells"]["production"]["since"] == since
    states = shown.api("products/web/index.json")["environments"]
    assert {e["environment"]: e["since"] for e in states}["production"] == since
    assert f'datetime="{since}"' in shown.row("index.html", "web").text


def test_every_surface_agrees_on_who_owns_a_product(shown: Surfaces) -> None:
    listed = {each["name"]: each["team"] for each in shown.json("product", "list")}
    assert listed == dict.fromkeys(PRODUCTS) | OWNERS
    documents = {e["name"]: e["team"] for e in shown.api("products/index.json")["products"]}
    assert documents == dict.fromkeys(PRODUCTS) | OWNERS
    table = shown.text("product", "list")
    teams = {each["name"]: each["products"] for each in shown.api("index.json")["teams"]}
    assert teams == dict.fromkeys(OWNERS.values(), 1)
    for name, owner in OWNERS.items():
        line = next(each for each in table.splitlines() if each.startswith(f"{name} "))
        assert owner in line
        assert shown.json("product", "show", name)["team"] == owner
        assert shown.api(f"products/{name}/index.json")["team"] == owner
        assert owner in shown.row("products/index.html", name).shown
        assert owner in shown.row("index.html", name).shown
        assert shown.search_names()[name][1] == owner
    feeds = {each["name"]: each["feed"] for each in shown.api("index.json")["teams"]}
    for name, owner in OWNERS.items():
        first = shown.entries(feeds[owner].removeprefix("feeds/"))[0]
        assert title(first).startswith(f"{name} ")


def test_every_surface_agrees_on_which_products_need_a_product(shown: Surfaces) -> None:
    for name in DESCRIBED:
        expected = DEPENDENTS.get(name, [])
        assert shown.json("product", "show", name)["needed_by"] == expected
        assert shown.api(f"products/{name}/index.json")["needed_by"] == expected
    assert re.search(r"needed by +api, web\n", shown.text("product", "show", "shop"))
    assert "needed by api web" in shown.page("products/shop/index.html").shown
    refused = versioner("product", "delete", "shop", "--yes", cwd=shown.top, code=5)
    assert "api" in refused.stdout + refused.stderr
    assert "web" in refused.stdout + refused.stderr


def test_every_surface_agrees_on_the_former_names_of_a_product(shown: Surfaces) -> None:
    for name in DESCRIBED:
        expected = FORMER_NAMES.get(name, [])
        assert shown.json("product", "show", name)["aliases"] == expected
        assert shown.api(f"products/{name}/index.json")["former_names"] == expected
        assert shown.search_names()[name][2:] == expected
    names = FORMER_NAMES["api"]
    assert re.search(rf"former names +{', '.join(names)}\n", shown.text("product", "show", "api"))
    assert f"formerly {' '.join(names)}" in shown.page("products/api/index.html").shown
    for old in names:
        assert (shown.site / "products" / old / "index.html").is_file()
        assert shown.json("product", "show", old)["name"] == "api"


def test_every_surface_agrees_on_the_latest_value_of_a_field(shown: Surfaces) -> None:
    for name, by in DEPLOYED_BY.items():
        command = ("--product", name, "--environment", "production", "--status", "completed")
        newest = shown.json("deployment", "list", *command)[0]
        assert newest["deployed_by"] == by
        assert shown.json("deployment", "show", newest["id"])["deployed_by"] == by
        text = shown.text("deployment", "show", newest["id"])
        assert re.search(rf"deployed by +{by}\n", text)
        line = shown.text("deployment", "list", *command).splitlines()[1]
        assert by in line.split()
        document = shown.api(f"products/{name}/{newest['at'][:7]}.json")
        assert {e["id"]: e["deployed_by"] for e in document["deployments"]}[newest["id"]] == by
        whole = {e["product"]: e for e in shown.api("deployments/index.json")["deployments"][::-1]
                 if not e["void"] and e["environment"] == "production"}  # fmt: skip
        assert whole[name]["deployed_by"] == by
        entry = next(e for e in shown.entries(f"products/{name}.atom")
                     if e.findtext(f"{ATOM}published") == newest["at"])  # fmt: skip
        assert entry.findtext(f"{ATOM}author/{ATOM}name") == by
        assert by in shown.page(f"products/{name}/index.html").shown
        months = shown.api(f"products/{name}/index.json")["tables"]
        month = next(each for each in months if each["month"] == newest["at"][:7])
        content = (shown.site / month["data"]).read_text(encoding="utf-8")
        rows = {each["id"]: each for each in csv.DictReader(io.StringIO(content))}
        assert rows[newest["id"]]["deployed_by"] == by


def title(entry: ElementTree.Element) -> str:
    return entry.findtext(f"{ATOM}title", "")
