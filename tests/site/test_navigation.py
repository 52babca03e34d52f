"""The navigation: the entries of the bar, those of its menu, and the one of the page."""

from __future__ import annotations

import pytest

from tests.builders import registry
from versioner.site.navigation import navigation_view, sections_of
from versioner.site.urls import ABOUT, OVERVIEW, RECORD, REFERENCE, RULES


def test_an_entry_is_there_where_its_page_is() -> None:
    sections = sections_of(registry())
    assert OVERVIEW in sections
    assert RULES not in sections


@pytest.mark.parametrize(("page", "in_more"), [(OVERVIEW, False), (ABOUT, True), ("", False)])
def test_one_entry_at_most_is_the_current_one(page: str, in_more: bool) -> None:
    view = navigation_view(sections_of(registry()), "../{}".format, page)
    entries = [*view["navigation"], *view["more"]]
    assert [each["href"] for each in entries if each["current"]] == ([f"../{page}"] if page else [])
    assert view["in_more"] is in_more
    assert {each["href"] for each in view["more"]} >= {f"../{ABOUT}", f"../{REFERENCE}"}
    assert f"../{RECORD}" not in {each["href"] for each in view["navigation"]}
