"""A row of plain texts gives the same event, id and line as where each field is looked at."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioner.editing.importing.names import ImportNames
from versioner.editing.importing.options import Place
from versioner.editing.importing.prepare import RowPreparer, StagedRow
from versioner.registry.records import Registry

NOW = "2026-11-22T10:15:00Z"
ROW = {"at": "2026-11-01T10:00:00Z", "product": "shop", "environment": "qa", "version": "1.4"}
# A row that may hold a secret, so that all fields of the rows beside it are looked at.
SUSPECT = (Place(9), {**ROW, "reason": "the tokens begin with hvs.x"})

VALUES: dict[str, tuple[Any, ...]] = {
    "at": ("2026-11-01T10:00:00Z", "2026-11-01T10:00:00+01:00", "2027-01-01T00:00:00Z", "then", 5),
    "product": ("shop", "old-shop", "Shop", "a b", "x" * 64, 7),
    "environment": ("qa", "test", "Production", "q\ta", "con"),
    "version": ("1.4", "v/1", "a..b", "x" * 129, 'a"b', "a\\b", "é", "1.4 "),
    "status": ("completed", "Success", "undeployed", "started", "lost"),
    "instance": ("eu", "EU", "e u"),
    "deployed_by": ("jane", "jane@example.com", "Jané", "a\x7fb", "a\nb"),
    "deployed_by_name": ("Jane Doe",),
    "deployed_by_email": ("jane@example.com",),
    "scm_sha": ("0123456789abcdef0123456789abcdef01234567", "0123", "xyz"),
    "build_url": ("https://ci.example.com/1", "ci.example.com"),
    "invoke_id": ("77", "", "E5", "#1"),
    "extra_metadata": ({"region": "eu"}, "eu"),
    "artifacts": ({"image": "sha256:" + "0" * 64},),
    "id": ("e1", "0" * 32, "", "a b"),
    "deployment": ("e1",),
    "voids": ("e1",),
    "reason": ("a mistake", "ü", 'so "called"', "two\nlines"),
    "redacted": (["reason"],),
    "": ("the row cannot be read",),
    "colour": ("red",),
}


def registry(people: str | None, names: str | None) -> Registry:
    config = {"people": people, "names": names}
    return Registry(
        config={key: value for key, value in config.items() if value},
        environments={"qa": {"name": "qa"}},
        environment_aliases={"test": "qa"},
        aliases={"old-shop": "shop"},
    )


def prepared(rows: list[tuple[Place, Any]], people: str | None, slugify: bool) -> list[StagedRow]:
    found = registry(people, "slugify" if slugify else None)
    names = ImportNames(found, detected=False)
    return list(RowPreparer(names, found.config, NOW).prepare(rows))


rows_of_fields = st.lists(st.sampled_from(sorted(VALUES)), unique=True, max_size=6).flatmap(
    lambda fields: st.fixed_dictionaries(
        {field: st.sampled_from(VALUES[field]) for field in {*ROW, *fields}}
    )
)


@given(
    st.lists(rows_of_fields, min_size=1, max_size=3),
    st.sampled_from([None, "all", "login", "none"]),
    st.booleans(),
)
def test_a_plain_row_is_prepared_like_any_other(
    rows: list[dict[str, Any]], people: str | None, slugify: bool
) -> None:
    placed = [(Place(number), row) for number, row in enumerate(rows, 1)]
    found = prepared(placed, people, slugify)
    assert found == prepared([*placed, SUSPECT], people, slugify)[:-1]


@pytest.mark.parametrize("people", ["all", "login", "none"])
def test_a_plain_row_leaves_people_out(people: str) -> None:
    row = {**ROW, "deployed_by": "jane", "deployed_by_name": "Jane Doe"}
    (staged,) = prepared([(Place(1), row)], people, slugify=False)
    assert ("jane" in staged.text) == (people != "none")
    assert ("Doe" in staged.text) == (people == "all")
    assert staged.content.count("Doe") == (people != "all")
