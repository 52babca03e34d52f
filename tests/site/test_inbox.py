"""Events that wait or were refused: on the overview, their product's page and in the API."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import NOW, deployment, moment, product, registry
from tests.remote.test_inbox_refs import put
from tests.site.checker import Page, check_site, page_of
from tests.site.file_judges import check_files
from tests.site.hostile_texts import batches
from tests.site.samples import TOOL, everything
from versioner.remote.inbox_refs import Inbox, RefusedEvent, WaitingEvent
from versioner.site.build import build_site
from versioner.site.check import check_site as check_built

if TYPE_CHECKING:
    from pathlib import Path

    from versioner.registry.records import Registry

pytestmark = pytest.mark.slow

OVERVIEW = "index.html"
PRODUCT = "products/shop/index.html"
API = "api/v1/inbox.json"


def submission(name: str = "shop", kind: str = "deployment", **event: Any) -> dict[str, Any]:
    said = {"version": "1.4.0", "environment": "production", "status": "completed", **event}
    return {"format": 1, "kind": kind, "product": name, "event": said}


def waits(key: str, document: Any, at: str = NOW, name: str = "shop") -> WaitingEvent:
    return WaitingEvent(f"refs/versioner/inbox/{name}/{key}", "c" * 40, name, key, at, document)


def refusal(key: str, document: Any, why: Any, name: str = "shop") -> RefusedEvent:
    return RefusedEvent(
        f"refs/versioner/refused/{name}/{key}", "c" * 40, name, key, NOW, document, why
    )


WHY = {"code": 5, "message": "1.4.0 has another commit", "hint": "name a new version", "at": NOW}


def shop() -> Registry:
    return registry(
        product("shop", [deployment("1.3.9", minutes=-60)], title="The shop"),
        product("other", [deployment("1", minutes=-90)]),
        aliases={"old-shop": "shop"},
    )


def build(out: Path, inbox: Inbox | None, whole: Registry | None = None) -> dict[str, Page]:
    build_site(whole or shop(), out, now=NOW, tool_version=TOOL, inbox=inbox)
    assert check_site(out) == []
    assert check_built(out) == []
    assert check_files(out) == []
    return {
        path: page_of((out / path).read_text(encoding="utf-8"))
        for path in (OVERVIEW, PRODUCT, "products/other/index.html")
        if (out / path).exists()
    }


def api(out: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / API).read_bytes())
    return found


def test_a_registry_without_an_inbox_has_the_same_bytes_as_one_with_an_empty_one(tmp_path: Path):
    whole = shop()
    build(tmp_path / "none", None, whole)
    build(tmp_path / "empty", Inbox(), whole)
    for path in (tmp_path / "none").rglob("*"):
        if path.is_file():
            there = tmp_path / "empty" / path.relative_to(tmp_path / "none")
            assert there.read_bytes() == path.read_bytes()
    assert "attention-title" not in (tmp_path / "none" / PRODUCT).read_text()
    assert api(tmp_path / "none") == {
        "root": "../../", "waiting": [], "more_waiting": 0, "refused": [], "more_refused": 0
    }  # fmt: skip


def test_what_waits_needs_attention(tmp_path: Path):
    pages = build(tmp_path, Inbox((waits("01", submission(), moment(-30)),)))
    assert "1 event waiting" in pages[OVERVIEW].shown
    assert "The shop in production: 1.4.0 completed 30 minutes ago" in pages[OVERVIEW].shown
    assert "products/shop/index.html" in pages[OVERVIEW].links
    assert "production: 1.4.0 completed 30 minutes ago" in pages[PRODUCT].shown
    assert "waiting" not in pages["products/other/index.html"].shown


def test_what_was_refused_says_why_and_what_to_do(tmp_path: Path):
    pages = build(tmp_path, Inbox(refused=(refusal("01", submission(), WHY),)))
    for page in (OVERVIEW, PRODUCT):
        assert "1 event refused" in pages[page].shown
        assert "1.4.0 has another commit (name a new version)" in pages[page].shown
    (told,) = api(tmp_path)["refused"]
    assert told == {
        "ref": "refs/versioner/refused/shop/01", "at": NOW, "kind": "deployment",
        "product": "shop", "environment": "production", "version": "1.4.0",
        "status": "completed", "page": PRODUCT, "code": 5, "message": WHY["message"],
        "hint": WHY["hint"],
    }  # fmt: skip


def test_an_event_of_an_old_name_is_on_the_page_of_the_new_one(tmp_path: Path):
    pages = build(tmp_path, Inbox((waits("01", submission("old-shop"), name="old-shop"),)))
    assert "1.4.0" in pages[PRODUCT].shown
    assert api(tmp_path)["waiting"][0]["product"] == "shop"


def test_an_event_of_a_product_that_is_not_there_stands_on_the_overview_alone(tmp_path: Path):
    pages = build(tmp_path, Inbox((waits("01", submission("new-one", "build"), name="new-one"),)))
    assert "new-one in production: 1.4.0 build completed" in pages[OVERVIEW].shown
    assert api(tmp_path)["waiting"][0]["page"] is None


def test_the_many_are_counted(tmp_path: Path):
    many = tuple(waits(f"k{n:03}", submission(version=f"v{n}")) for n in range(30))
    pages = build(tmp_path, Inbox(many, 70))
    assert "100 events waiting" in pages[OVERVIEW].shown
    assert "and 95 more" in pages[OVERVIEW].shown
    assert "and 10 more" in pages[PRODUCT].shown
    assert (len(api(tmp_path)["waiting"]), api(tmp_path)["more_waiting"]) == (30, 70)


UNREADABLE = [
    None, {}, {"kind": "deployment"}, submission(version=""), submission(version=["1"]),
    submission(version=None), {**submission(), "kind": "party"}, {**submission(), "event": []},
    {**submission(), "event": "1.4.0"}, {**submission(), "kind": ["deployment"]},
    {**submission(), "kind": {}},
]  # fmt: skip


@pytest.mark.parametrize("document", UNREADABLE)
def test_what_cannot_be_read_is_told_by_its_ref(tmp_path: Path, document: Any):
    inbox = Inbox((waits("x1", document, at=""),), 0, (refusal("x2", document, document),))
    pages = build(tmp_path, inbox)
    assert "refs/versioner/inbox/shop/x1 cannot be read" in pages[OVERVIEW].shown
    assert "refs/versioner/refused/shop/x2 cannot be read" in pages[PRODUCT].shown
    assert "the reason cannot be read" in pages[PRODUCT].shown
    assert (api(tmp_path)["waiting"][0]["kind"], api(tmp_path)["waiting"][0]["at"]) == (None, None)


ODD = [
    {"code": True, "message": 7, "hint": None, "at": "yesterday"},
    {"code": 10**30, "message": ["a"], "hint": {}, "at": 5},
    {"code": -1, "message": "x" * 100_000, "hint": "\x1b[31m\u202e", "at": "2026-13-45T99:99:99Z"},
]


@pytest.mark.parametrize("why", ODD)
def test_a_refusal_of_odd_shape_is_told_as_far_as_it_can_be(tmp_path: Path, why: Any):
    pages = build(tmp_path, Inbox(refused=(refusal("01", submission(), why),)))
    assert "1 event refused" in pages[OVERVIEW].shown
    assert len(pages[OVERVIEW].shown) < 5000
    assert "\x1b" not in pages[OVERVIEW].text
    assert "\u202e" not in pages[OVERVIEW].text


def test_a_key_in_the_shape_of_a_secret_is_not_told(tmp_path: Path):
    secret = "ghp_" + "a1" * 18
    event = submission(version=secret)
    build(tmp_path, Inbox((waits("01", event),), 0, (refusal("02", event, {"message": secret}),)))
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path


def _inbox_of(text: str) -> Inbox:
    event = submission(text, version=text, environment=text, status=text)
    why = {"code": 4, "message": text, "hint": text, "at": text}
    known = submission(version=text, environment=text)
    return Inbox(
        (waits("a", event), waits("b", known), waits("c", None, name=text)),
        0,
        (refusal("a", event, why), refusal("b", known, why), refusal("c", None, None, name=text)),
    )


def test_hostile_texts_add_no_element_and_no_attribute(tmp_path: Path, scale: Any):
    harmless = build(tmp_path, _inbox_of("harmless"))
    for text in [*batches(scale(200, 1)), "bad \udcff bytes", "\u2028\u0085\x00"]:
        found = build(tmp_path, _inbox_of(text))
        for path, page in found.items():
            assert page.skeleton == harmless[path].skeleton, (path, text)


def test_the_whole_sample_takes_an_inbox_too(tmp_path: Path):
    inbox = Inbox((waits("01", submission("user-service"), name="user-service"),))
    build(tmp_path, inbox, everything())
    assert "1 event waiting" in (tmp_path / "products/user-service/index.html").read_text()


def test_the_command_reads_the_refs_of_the_clone_for_the_present_only(tmp_path: Path):
    top = tmp_path / "clone"
    run = partial(subprocess.run, check=True, capture_output=True)
    versioner = [sys.executable, "-m", "versioner"]
    run([*versioner, "init", str(top)])
    old = run(["git", "rev-parse", "HEAD"], cwd=top, text=True).stdout.strip()
    said = ["--product", "shop", "--version", "1", "--environment", "production"]
    run([*versioner, "track", "deployment", *said], cwd=top)
    put(top, "refs/versioner/inbox/shop/01", event=json.dumps(submission()).encode())
    for rev, number in (([], 1), (["--rev", "HEAD"], 1), (["--rev", old], 0)):
        out = tmp_path / f"site-{len(rev)}-{number}"
        run([*versioner, "site", "build", "--out", str(out), *rev], cwd=top)
        assert len(api(out)["waiting"]) == number
