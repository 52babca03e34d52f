"""What a person may type into the forms: each refusal stands at its field, with the text kept."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests.server.conftest import bearer, clock_at, token_for
from tests.server.test_pages import Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

    from tests.fixtures.bare_registry import Post
    from versioner.server.settings import ServerSettings

LONG = "x" * 100_000
CONTROL = "a\x00b\x1b[31mc"
BIDI = "a\u202etxt.exe\u2066"
ZERO_WIDTH = "pay\u200bment\ufeff"
MARKUP = "<script>alert(1)</script>&amp;\"'`"
LINES = "one\r\ntwo\r\n\r\nthree"
EMOJI = "\U0001f680 \U0001f468\u200d\U0001f469"

NAME = (LONG, CONTROL, BIDI, ZERO_WIDTH, MARKUP, LINES, EMOJI, "Shop", "", "  \t ", "\u3000")
LINE = (LONG, CONTROL, LINES)
TEXT = (LONG, CONTROL)
NO_NAME = (MARKUP, BIDI, ZERO_WIDTH, EMOJI, "Shop", LONG, CONTROL)
NEW_REQUEST = {"name": "friday", "target": "staging"}
# The form, what else is filled in, the field that is tried, where its fault stands, and the texts.
REFUSED = (
    ("/edit/products/new", {}, "name", "name", NAME),
    ("/edit/products/new", {"name": "tea"}, "title", "title", LINE),
    ("/edit/products/new", {"name": "tea"}, "team", "team", LINE),
    ("/edit/products/new", {"name": "tea"}, "description", "description", TEXT),
    ("/edit/products/new", {"name": "tea"}, "repository", "repository", LINE),
    ("/edit/products/shop", {}, "title", "title", LINE),
    ("/edit/products/shop", {}, "description", "description", (*TEXT, "\U0001f680" * 20_000)),
    ("/edit/products/shop", {}, "lifecycle", "lifecycle", ("gone",)),
    ("/edit/products/shop", {}, "depends_on", "depends_on", NO_NAME),
    ("/edit/products/shop", {"links-1-key": "W"}, "links-1-value", "links",
     (MARKUP, "javascript:alert(1)", LONG, CONTROL, "", " ")),
    ("/edit/products/shop", {"links-1-value": "https://x.example"}, "links-1-key", "links",
     (LONG, CONTROL, "", " ")),
    ("/edit/products/shop", {"extra_metadata-1-value": "v"}, "extra_metadata-1-key",
     "extra_metadata", (LONG, CONTROL, MARKUP, EMOJI, "", " ")),
    ("/edit/products/shop", {"extra_metadata-1-key": "k"}, "extra_metadata-1-value",
     "extra_metadata", (LONG, CONTROL)),
    ("/edit/products/shop/rename", {}, "name", "name", (*NAME[:7], "SHOP", "")),
    ("/edit/products/shop/delete", {}, "name", "name", (LONG, CONTROL, "Shop", "web", "", " ")),
    ("/edit/products/shop/decide", {}, "approval_type", "approval_type", (*NAME[:8], "", " ")),
    ("/edit/products/shop/decide", {"approval_type": "qa"}, "comment", "comment", TEXT),
    ("/edit/products/shop/decide", {"approval_type": "qa"}, "decision", "decision", ("", "yes")),
    ("/edit/products/shop/decide", {"approval_type": "qa"}, "version", "version", ("", MARKUP)),
    ("/edit/freezes/new", {"until": "2h"}, "reason", "reason", (*TEXT, "", " \r\n ")),
    ("/edit/freezes/new", {"reason": "r"}, "until", "until",
     (LONG, CONTROL, MARKUP, "yesterday", "", "4000-01-01")),
    ("/edit/freezes/new", {"reason": "r", "until": "2h"}, "since", "since", (MARKUP, EMOJI, LONG)),
    ("/edit/freezes/new", {"reason": "r", "until": "2h"}, "products", "products", NO_NAME),
    ("/edit/freezes/new", {"reason": "r", "until": "2h"}, "environment", "environment",
     ("", "nowhere", LONG)),
    ("/edit/requests/new", {"target": "staging"}, "name", "name", NAME[:7]),
    ("/edit/requests/new", NEW_REQUEST, "title", "title", LINE),
    ("/edit/requests/new", NEW_REQUEST, "before", "before", TEXT),
    ("/edit/requests/new", NEW_REQUEST, "template", "template", ("nothing",)),
    ("/edit/requests/new", {**NEW_REQUEST, "versions-1-value": "1.0"}, "versions-1-key",
     "versions", (*NO_NAME, "", " ")),
    ("/edit/requests/new", {**NEW_REQUEST, "versions-1-key": "shop"}, "versions-1-value",
     "versions", (LONG, CONTROL, MARKUP, BIDI, "", " ")),
    ("/edit/requests/new", {**NEW_REQUEST, "versions-1-key": "shop", "versions-1-value": "1.0",
                            "approvals-1-key": "qa"}, "approvals-1-value", "approvals",
     ("two", "-1", LONG, EMOJI)),
    ("/edit/requests/monday/draft", {}, "title", "title", LINE),
    ("/edit/requests/monday/draft", {}, "description", "description", TEXT),
    ("/edit/requests/monday/draft", {}, "environments", "environments", (MARKUP, BIDI, "nowhere")),
    ("/edit/requests/monday/draft", {"versions-1-value": "1.0"}, "versions-1-key", "versions",
     (*NO_NAME, "", " ")),
    ("/edit/requests/monday/draft", {"versions-1-key": "shop"}, "versions-1-value", "versions",
     (LONG, CONTROL, MARKUP, BIDI, "", " ")),
    ("/edit/requests/monday/draft", {"from": "now", "to": "4h"}, "to", "to",
     (LONG, CONTROL, MARKUP, "yesterday", "", "4000-13-01")),
    ("/edit/requests/monday/draft", {"approvals-1-key": "qa"}, "approvals-1-value", "approvals",
     ("two", "-1", "0", LONG, EMOJI)),
    ("/edit/requests/monday/draft", {}, "after", "after", TEXT),
    ("/edit/requests/monday/draft", {"links-1-key": "W"}, "links-1-value", "links",
     (MARKUP, "javascript:alert(1)", LONG, "", " ")),
    ("/edit/deployments/shop/run-1/void", {}, "reason", "reason", (*TEXT, "", " \r\n ")),
)  # fmt: skip


@pytest.fixture
def jane(serving: Callable[..., TestClient], settings: ServerSettings) -> Person:
    """Return a person who may do everything, with a product that has a deployment."""
    person = Person(serving(), token_for(settings, "admin"))
    event = {"product": "shop", "environment": "staging", "version": "1.0", "id": "run-1"}
    headers = {"X-CSRF-Token": person.fields_of(person.open("/edit/products/new"))["csrf_token"]}
    answer = person.client.post("/api/v1/events", json=event, headers=headers)
    assert answer.status_code in (200, 201), answer.text
    return person


def test_each_refused_text_is_kept_with_one_fault_at_its_field(
    jane: Person, post: Post, request: pytest.FixtureRequest
) -> None:
    is_full = request.config.getoption("--full")
    jane.send("/edit/requests/new", name="monday", target="staging")
    tip, wrong = post.git("rev-parse", "main"), []
    opened: dict[str, dict[str, str]] = {}
    for number, (path, others, name, field, texts) in enumerate(REFUSED):
        if path not in opened:
            opened[path] = jane.fields_of(jane.open(path))
        fields = {**opened[path], **others}
        for text in texts if is_full else texts[number % len(texts) :][:1]:
            answer = jane.client.post(path, data={**fields, name: text})
            page = answer.text
            faults = [unescape(each) for each in re.findall(r'"fault" role="alert">([^<]+)<', page)]
            stands = [each for each in faults_of(page) if each == field]
            kept = jane.fields_of(page).get(name, "")
            is_choice = f'<select id="f-{name}"' in page
            if (
                answer.status_code != 422
                or len(faults) != 1
                or stands != [field]
                or not (is_choice or plain(kept) == plain(text))
                or 'class="notice problem"' in page
            ):
                problem = re.findall(r'"notice problem" role="alert">(.*?)</div>', page, re.S)
                wrong.append((path, name, text[:30], answer.status_code, faults, problem))
    assert wrong == []
    assert post.git("rev-parse", "main") == tip


def faults_of(page: str) -> list[str]:
    """Return the fields that have a fault."""
    return re.findall(
        r'id="d-(\w+)"><span class="hint">[^<]*</span> <span class="fault" [^>]*>[^<]', page
    )


def plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def test_texts_that_look_hostile_are_written_as_they_are(jane: Person) -> None:
    text = f"{MARKUP} {BIDI} {EMOJI} {{{{ 7*7 }}}} ${{x}}"
    jane.send("/edit/products/shop", title=text, description=f"{text}\r\n- #: [y")
    document = jane.client.get("/api/v1/products/shop").json()
    assert document["title"] == text
    assert document["description"].rstrip() == f"{text}\n- #: [y"
    page = jane.open("/edit/products/shop")
    assert "<script>alert" not in page
    assert jane.fields_of(page)["title"] == text


def test_two_clicks_on_a_button_have_one_effect_and_the_same_answer(
    jane: Person, post: Post
) -> None:
    for path, changes in (
        ("/edit/products/new", {"name": "tea"}),
        ("/edit/products/shop/decide", {"version": "1.0", "approval_type": "qa"}),
        ("/edit/freezes/new", {"environment": "staging", "until": "2h", "reason": "sale"}),
        ("/edit/requests/new", {"name": "friday", "target": "staging", "versions-1-key": "shop",
                                "versions-1-value": "1.0"}),
        ("/edit/deployments/shop/run-1/void", {"reason": "wrong"}),
        ("/edit/products/shop/rename", {"name": "store"}),
        ("/edit/products/tea/delete", {"name": "tea"}),
    ):  # fmt: skip
        fields = {**jane.fields_of(jane.open(path)), **changes}
        before = int(post.git("rev-list", "--count", "main"))
        with ThreadPoolExecutor(2) as pool:
            sent = [pool.submit(jane.client.post, path, data=fields) for _ in range(2)]
        answers = [each.result() for each in sent]
        assert [each.status_code for each in answers] == [303, 303], (path, answers[1].text)
        assert answers[0].headers["location"] == answers[1].headers["location"]
        assert int(post.git("rev-list", "--count", "main")) == before + 1, path


def test_two_servers_of_one_registry_take_two_clicks_and_two_equal_bodies_as_one(
    jane: Person,
    serving: Callable[..., TestClient],
    settings: ServerSettings,
    post: Post,
) -> None:
    clocks = [clock_at("2026-11-29T12:00:00Z"), clock_at("2026-11-29T12:01:50Z")]
    two = [serving(clock=each) for each in clocks]
    token = bearer(token_for(settings, "record"))
    body = {"product_name": "shop", "environment_name": "staging", "version": "2.0"}
    sent = [each.post("/deployment-events/", json={**body, "status": "success"}, headers=token)
            for each in two]  # fmt: skip
    assert sent[0].json()["event_id"] == sent[1].json()["event_id"]
    for client in two:
        client.cookies = jane.client.cookies
    for path, changes in (
        ("/edit/freezes/new", {"environment": "staging", "until": "2h", "reason": "sale"}),
        ("/edit/products/shop/decide", {"version": "1.0", "approval_type": "qa"}),
        ("/edit/deployments/shop/run-1/void", {"reason": "wrong"}),
    ):
        fields = {**jane.fields_of(jane.open(path)), **changes}
        before = int(post.git("rev-list", "--count", "main"))
        answers = [each.post(path, data=fields) for each in two]
        assert [each.status_code for each in answers] == [303, 303], (path, answers[1].text)
        assert int(post.git("rev-list", "--count", "main")) == before + 1, path
    again = {**jane.fields_of(jane.open("/edit/freezes/new")), "environment": "staging"}
    later = two[1].post("/edit/freezes/new", data={**again, "until": "5h", "reason": "sale"})
    assert later.status_code == 303
    assert two[0].get("/edit/freezes").text.count("/thaw") == 2


def test_a_form_that_was_refused_can_be_sent_again_and_another_text_is_another_one(
    jane: Person,
) -> None:
    path = "/edit/products/shop/decide"
    fields = jane.fields_of(jane.open(path)) | {"version": "1.0"}
    assert jane.client.post(path, data={**fields, "approval_type": " "}).status_code == 422
    for comment in ("first", "second"):
        sent = {**fields, "approval_type": "qa", "comment": comment, "decision": "approved"}
        assert jane.client.post(path, data=sent).status_code == 303
    # The same comment again is the first click, not a third decision.
    assert jane.client.post(path, data=sent).status_code == 303


def test_a_deletion_on_what_was_changed_meanwhile_shows_it_and_can_be_sent_again(
    jane: Person,
) -> None:
    path = "/edit/products/shop/delete"
    fields = {**jane.fields_of(jane.open(path)), "name": "shop"}
    jane.send("/edit/products/shop", title="Theirs")
    answer = jane.client.post(path, data=fields)
    assert answer.status_code == 412
    assert "Theirs" in answer.text
    again = jane.fields_of(answer.text)
    assert again["name"] == "shop"
    assert jane.client.post(path, data=again).status_code == 303


def test_a_freeze_is_found_ended_once_and_then_only_told(jane: Person) -> None:
    assert "There is no freeze" in jane.open("/edit/freezes")
    # One that is ended in the second in which it begins is as if it had never been.
    begun = {"since": "2020-01-01", "until": "2998-01-01"}
    page = jane.send("/edit/freezes/new", environment="staging", reason="sale", **begun)
    action = re.findall(r'action="(/edit/rules/[^"]+/thaw)"', page)[0]
    planned = {"since": "2999-01-01", "until": "2999-01-02"}
    coming = jane.send("/edit/freezes/new", environment="staging", reason="later", **planned)
    assert "Cancel it" in coming
    listed = jane.open("/edit/freezes")
    assert listed.count("/thaw") == 2
    assert listed.index("Frozen now") < listed.index(action) < listed.index("Planned")
    stale = jane.fields_of(jane.open(action))
    ended = jane.send(action)
    assert "The freeze ended at" in ended
    assert "<form" not in ended
    # A page that was open meanwhile.
    answer = jane.client.post(action, data={**stale, "once": "another"})
    assert "Nothing was to be changed" in jane.open(answer.headers["location"])
    assert jane.open("/edit/freezes").count("/thaw") == 1


def test_no_form_leads_to_a_section_that_the_site_does_not_have(jane: Person) -> None:
    assert "/requests/index.html" not in jane.open("/edit/requests/new")
    draft = {"versions-1-key": "shop", "versions-1-value": "1.0"}
    jane.send("/edit/requests/new", name="friday", target="staging", **draft)
    assert jane.open("/edit/requests/new").count("/requests/index.html") > 1


def test_a_limited_caller_is_offered_nothing_that_is_always_refused(
    serving: Callable[..., TestClient], settings: ServerSettings, jane: Person
) -> None:
    page = jane.send("/edit/freezes/new", environment="staging", until="2h", reason="sale")
    thaw = re.findall(r'action="(/edit/rules/[^"]+/thaw)"', page)[0]
    token = token_for(settings, "edit", "approve", environments=("staging",))
    joe = Person(serving(), token)
    assert joe.client.get("/edit/freezes").status_code == 403
    assert joe.client.get(thaw).status_code == 403
    offered = joe.open("/edit/products/shop")
    assert "/rename" not in offered
    assert "/delete" not in offered
    assert "/decide" not in offered
    assert "/shop/deployments" not in offered
    assert "/edit/freezes" not in joe.open("/edit/freezes/new").replace("/edit/freezes/new", "")
    chosen = re.findall(r'<option value="([^"]+)"', joe.open("/edit/freezes/new"))
    assert chosen == ["staging"]


def test_a_product_without_a_version_has_no_form_of_a_decision(jane: Person) -> None:
    jane.send("/edit/products/new", name="tea")
    page = jane.open("/edit/products/tea/decide")
    assert "No version of this product is known yet" in page
    assert "<form" not in page
