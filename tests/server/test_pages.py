"""The pages that edit: forms without script, and the commits that they make."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.bare_registry import commit_on_branch
from tests.server.conftest import token_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.testclient import TestClient

    from tests.fixtures.bare_registry import Post
    from versioner.server.settings import ServerSettings


class Person:
    """A person with a browser that runs no script: fields are taken from the page."""

    def __init__(self, client: TestClient, token: str) -> None:
        self.client = client
        self.form = self.fields_of(client.get("/login").text)
        answer = client.post("/login", data={**self.form, "token": token})
        assert answer.status_code == 303, answer.text

    @staticmethod
    def fields_of(text: str) -> dict[str, str]:
        """Return the fields of the forms of a page with their values."""
        found: dict[str, str] = {}
        for tag in re.findall(r"<input [^>]*>", text):
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r' value="([^"]*)"', tag)
            if name:
                found.setdefault(name[1], unescape(value[1]) if value else "")
        for name, value in re.findall(
            r'<textarea [^>]*name="([^"]*)"[^>]*>\n(.*?)</tex', text, re.S
        ):
            found[name] = unescape(value)
        for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</sel', text, re.S):
            chosen = re.search(r'value="([^"]*)" selected', options)
            first = re.search(r'value="([^"]*)"', options)
            found[name] = unescape((chosen or first)[1]) if chosen or first else ""
        return found

    def open(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, path: str, expected: int = 303, **changes: str) -> str:
        """Load a page, change fields, send it; return the page that it leads to, or the refusal."""
        fields = {**self.fields_of(self.open(path)), **changes}
        answer = self.client.post(path, data=fields)
        assert answer.status_code == expected, answer.text
        return self.open(answer.headers["location"]) if expected == 303 else answer.text


@pytest.fixture
def jane(serving: Callable[..., TestClient], settings: ServerSettings) -> Person:
    """Return a person who may do everything."""
    return Person(serving(), token_for(settings, "admin"))


def test_a_product_is_created_and_its_commit_is_told(jane: Person) -> None:
    page = jane.send("/edit/products/new", name="tea", title="Tea & more", team="kitchen")
    assert "Saved in the commit" in page
    assert 'value="Tea &amp; more"' in page
    assert 'value="kitchen"' in page


def test_a_form_has_the_title_of_the_site_also_where_it_is_the_usual_one(
    jane: Person, post: Post
) -> None:
    assert "<title>New product · Deployments</title>" in jane.open("/edit/products/new")
    commit_on_branch(post, "registry/registry.yaml", b"schema_version: 1\n")
    assert "<title>New product · Deployment registry</title>" in jane.open("/edit/products/new")


def test_an_error_stands_beside_its_field_with_what_was_typed(jane: Person) -> None:
    page = jane.send("/edit/products/new", 422, name="Not Legal", title="<b>x</b>")
    assert re.search(r'id="f-name"[^>]*aria-invalid="true"[^>]* autofocus', page)
    assert page.count(" autofocus") == 1
    assert "<title>Error: New product · " in page
    assert "did you mean not-legal?" in page
    assert 'value="&lt;b&gt;x&lt;/b&gt;"' in page


def test_metadata_is_added_renamed_and_removed(jane: Person) -> None:
    path = "/edit/products/tea"
    jane.send("/edit/products/new", name="tea", team="kitchen")
    added = {"extra_metadata-2-key": "port", "extra_metadata-2-value": "8080"}
    jane.send(path, **added, description="Leaves", **{"links-1-key": "Wiki"},
              **{"links-1-value": "https://wiki.example/tea"})  # fmt: skip
    fields = jane.fields_of(jane.open(path))
    assert fields["extra_metadata-2-value"] == "8080"
    assert (fields["description"], fields["links-1-key"]) == ("Leaves", "Wiki")
    jane.send(path, **{"extra_metadata-1-key": "owner", "extra_metadata-2-key": "",
                       "extra_metadata-2-value": "", "description": ""})  # fmt: skip
    document = jane.client.get("/api/v1/products/tea").json()
    assert document["extra_metadata"] == {"owner": "kitchen"}
    assert "description" not in document


def test_a_draft_of_a_request_is_edited_field_by_field(jane: Person, post: Post) -> None:
    draft = {"versions-1-key": "shop", "versions-1-value": "1.0", "after": "look"}
    shown = jane.send("/edit/requests/new", name="friday", target="staging", **draft)
    path = "/edit/requests/friday/draft"
    assert f'href="{path}"' in shown
    file = "registry/requests/friday/request.yaml"
    commented = post.git("show", f"main:{file}").replace("versions:", "versions: # ours")
    commit_on_branch(post, file, commented.encode() + b"\n")
    assert "Nothing was to be changed" in jane.send(path)
    told = jane.send(path, **{
        "title": "Friday", "description": "What\r\nis new", "environments": "production, staging",
        "versions-2-key": "shop", "versions-2-value": "1.1", "versions-1-key": "",
        "versions-1-value": "", "from": "2998-01-01 09:00", "to": "2998-01-01T12:00:00+01:00",
        "approvals-1-key": "qa", "approvals-1-value": "2", "before": "tell support", "after": "",
        "links-1-key": "Wiki", "links-1-value": "https://wiki.example/friday",
    })  # fmt: skip
    assert "Saved in the commit" in told
    document = jane.client.get("/api/v1/requests/friday").json()
    assert {key: document[key] for key in ("title", "environments", "versions", "approvals")} == {
        "title": "Friday", "environments": ["production", "staging"], "versions": {"shop": "1.1"},
        "approvals": document["approvals"],
    }  # fmt: skip
    written = post.git("show", f"main:{file}")
    assert "versions: # ours" in written
    assert 'from: "2998-01-01T09:00:00Z"' in written
    assert 'to: "2998-01-01T11:00:00Z"' in written
    assert ("after" in written, "tell support" in written, "qa: 2" in written) == (
        False, True, True,
    )  # fmt: skip
    assert jane.fields_of(jane.open(path))["environments"] == "production, staging"
    empty = {"versions-1-key": "", "versions-1-value": "", "approvals-1-key": "", "before": ""}
    emptied = {**empty, "approvals-1-value": "", "environments": "", "from": "", "to": ""}
    jane.send(path, **emptied, title="", description="", **{"links-1-key": "", "links-1-value": ""})
    kept = ["name", "state", "environments", "versions"]
    keys = [line.partition(":")[0] for line in post.git("show", f"main:{file}").splitlines()]
    assert [key for key in keys if key.isalpha()] == kept


def test_a_draft_that_was_changed_or_opened_meanwhile_is_not_overwritten(jane: Person) -> None:
    draft = {"versions-1-key": "shop", "versions-1-value": "1.0"}
    jane.send("/edit/requests/new", name="friday", target="staging", **draft)
    path = "/edit/requests/friday/draft"
    fields = jane.fields_of(jane.open(path))
    jane.send(path, title="Theirs")
    answer = jane.client.post(path, data={**fields, "title": "Mine"})
    assert (answer.status_code, "Theirs" in answer.text) == (412, True)
    again = jane.fields_of(answer.text)
    assert again["title"] == "Mine"
    assert jane.client.post(path, data=again).status_code == 303
    late = jane.fields_of(jane.open(path))
    jane.send("/edit/requests/friday", do="open")
    assert jane.client.post(path, data={**late, "title": "Late"}).status_code == 409
    assert "only a draft has a form" in jane.open(path)
    assert f'href="{path}"' not in jane.open("/edit/requests/friday")


def test_nothing_changed_makes_no_commit(jane: Person) -> None:
    assert "Nothing was to be changed" in jane.send("/edit/products/shop")


def test_a_conflict_shows_both_sides_and_can_be_sent_again(jane: Person) -> None:
    path = "/edit/products/shop"
    fields = jane.fields_of(jane.open(path))
    jane.client.patch("/api/v1/products/shop", json={"title": "Theirs"}, headers=csrf(jane))
    answer = jane.client.post(path, data={**fields, "title": "Mine"})
    assert answer.status_code == 412
    assert "title: &#34;Theirs&#34;" in answer.text or "Theirs" in answer.text
    again = jane.fields_of(answer.text)
    assert again["title"] == "Mine"
    assert jane.client.post(path, data=again).status_code == 303
    assert jane.client.get("/api/v1/products/shop").json()["title"] == "Mine"


def csrf(person: Person) -> dict[str, str]:
    return {"X-CSRF-Token": person.fields_of(person.open("/edit/products/new"))["csrf_token"]}


def test_a_product_is_renamed_deleted_by_its_name_and_restored(jane: Person) -> None:
    jane.send("/edit/products/shop/rename", name="store")
    assert "Type store to confirm" in jane.open("/edit/products/store/delete")
    assert "not the name of the product" in jane.send("/edit/products/store/delete", 422, name="x")
    assert "Restore store" in jane.send("/edit/products/store/delete", name="store")
    fields = jane.fields_of(jane.open("/edit/deleted"))
    assert jane.client.post("/edit/deleted/store/restore", data=fields).status_code == 303
    assert jane.client.get("/api/v1/products/store").status_code == 200


def test_a_deployment_is_declared_a_mistake(jane: Person) -> None:
    event = {"product": "shop", "environment": "staging", "version": "9.0", "id": "oops"}
    jane.client.post("/api/v1/events", json=event, headers=csrf(jane))
    assert "/edit/deployments/shop/oops/void" in jane.open("/edit/products/shop/deployments")
    jane.send("/edit/deployments/shop/oops/void", 422, reason=" ")
    jane.send("/edit/deployments/shop/oops/void", reason="wrong environment")
    assert (
        jane.client.get("/api/v1/deployments/oops").json()["void"]["reason"] == "wrong environment"
    )


def test_a_version_is_approved_and_an_environment_frozen_and_thawed(jane: Person) -> None:
    event = {"product": "shop", "environment": "staging", "version": "9.0"}
    jane.client.post("/api/v1/events", json=event, headers=csrf(jane))
    refused = jane.send("/edit/products/shop/decide", 422, version="9.0", approval_type="")
    assert "a type is missing" in refused
    jane.send("/edit/products/shop/decide", version="9.0", approval_type="qa", comment="fine")
    decisions = jane.client.get("/api/v1/products/shop/versions/9.0").json()["decisions"]
    assert [each["decision"] for each in decisions] == ["approved"]
    page = jane.send(
        "/edit/freezes/new", environment="staging", until="2999-01-01T00:00:00Z", reason="sale"
    )
    assert "End it now" in page
    asked = {"product": "shop", "version": "9.0", "environment": "staging"}
    assert jane.client.get("/api/v1/check", params=asked).json()["allowed"] is False
    name = re.search(r'action="(/edit/rules/[^"]+/thaw)"', page)
    jane.send(name[1])
    assert jane.client.get("/api/v1/check", params=asked).json()["allowed"] is True


def test_a_request_is_made_opened_approved_and_ticked(jane: Person) -> None:
    event = {"product": "shop", "environment": "staging", "version": "9.0"}
    jane.client.post("/api/v1/events", json=event, headers=csrf(jane))
    page = jane.send(
        "/edit/requests/new", name="friday", target="production", before="tell support",
        **{"versions-1-key": "shop", "versions-1-value": "9.0", "approvals-1-key": "qa",
           "approvals-1-value": "1"},
    )  # fmt: skip
    assert "This request is a draft" in page
    post(jane, do="open")
    post(jane, do="approved", approval_type="qa")
    post(jane, do="done", step="before.1")
    found = jane.client.get("/api/v1/requests/friday").json()
    assert found["state"] == "approved"
    post(jane, do="cancel")
    assert "This request is cancelled" in jane.open("/edit/requests/friday")


def post(person: Person, **fields: str) -> None:
    token = person.fields_of(person.open("/edit/requests/friday")).get("csrf_token", "")
    answer = person.client.post("/edit/requests/friday", data={"csrf_token": token, **fields})
    assert answer.status_code == 303, answer.text


def test_a_form_without_its_token_or_scope_does_nothing(
    serving: Callable[..., TestClient], settings: ServerSettings, jane: Person
) -> None:
    forged = jane.client.post("/edit/products/new", data={"name": "tea"})
    assert (forged.status_code, forged.json()["code"]) == (403, "csrf")
    reader = Person(serving(), token_for(settings, "read"))
    assert reader.client.get("/edit/products/shop").status_code == 403
    assert serving().get("/edit/products/shop").status_code in (303, 401)


def test_pages_of_the_site_lead_editors_to_the_forms(settings: ServerSettings) -> None:
    from versioner.server.callers import Caller
    from versioner.server.pages.links import edit_links, with_links

    editor = Caller("jane", frozenset({"edit"}), by="session")
    links = edit_links("products/shop/index.html", editor)
    assert ("/edit/products/shop", "Edit") in links
    assert edit_links("products/shop/index.html", Caller("joe", frozenset({"read"}))) == []
    other = Caller("jo", frozenset({"edit"}), products=frozenset({"web"}))
    assert edit_links("products/shop/index.html", other) == []
    page = with_links(b"<main id='content'>\n<h1>x</h1>", links)
    assert page.index(b"/edit/products/shop") < page.index(b"<h1>")


BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def test_a_browser_gets_a_page_where_something_is_refused_or_absent(
    serving: Callable[..., TestClient], settings: ServerSettings, jane: Person
) -> None:
    reader = Person(serving(), token_for(settings, "read"))
    for person, path, status, title in (
        (reader, "/edit/products/shop", 403, "The caller may not do this"),
        (jane, "/edit/products/nothere", 404, "There is no such thing"),
    ):
        answer = person.client.get(path, headers=BROWSER)
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert f"<h1>{title}</h1>" in answer.text
    assert "Log in as somebody else" in reader.client.get("/edit/deleted", headers=BROWSER).text
    hostile = jane.client.get("/edit/products/%3Cb%3Ex", headers=BROWSER)
    assert "<b>" not in hostile.text
    # What a program would get stays the same.
    told = jane.client.get("/api/v1/products/nothere", headers=BROWSER)
    assert told.json()["code"] == "not_found"


def test_a_form_that_is_sent_after_the_session_leads_to_the_login_and_back(jane: Person) -> None:
    fields = {**jane.fields_of(jane.open("/edit/products/shop")), "title": "Late"}
    jane.client.cookies.clear()
    answer = jane.client.post("/edit/products/shop", data=fields, headers=BROWSER)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=%2Fedit%2Fproducts%2Fshop"


def test_a_form_of_a_former_session_leads_to_the_form_again(jane: Person) -> None:
    answer = jane.client.post("/edit/products/new", data={"name": "tea"}, headers=BROWSER)
    assert answer.status_code == 403
    assert '<a href="/edit/products/new">Load the form again</a>' in answer.text


def test_the_login_after_a_late_restoration_leads_to_the_deleted_products(jane: Person) -> None:
    answer = jane.client.get("/edit/deleted/shop/restore", headers=BROWSER)
    assert (answer.status_code, answer.headers["location"]) == (303, "/edit/deleted")


def test_a_form_lets_the_browser_name_its_origin(jane: Person) -> None:
    # With "no-referrer" a browser sends "Origin: null", which is refused as another site.
    page = jane.open("/edit/products/new")
    assert re.findall(r'<meta name="referrer" content="([^"]*)"', page) == ["same-origin"]
