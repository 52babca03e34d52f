"""Tables: aligned, cut where they must be, a list where they cannot fit."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from versioner.reporting.tables import Column, fitted_table, labelled_list, paragraph, table
from versioner.reporting.text import Span, TextLayout, text_width

COLUMNS = [Column("product", 8), Column("version", 6), Column("by", 4, spare=True), Column("id")]
ROWS = [
    ["user-service", "1.4.0", "jane", "01a2"],
    ["payment-api", "2.0.0", "dependabot[bot]", "01a3"],
]


def test_columns_stand_below_their_titles() -> None:
    assert table(TextLayout(80), COLUMNS, ROWS).splitlines() == [
        "product       version  by               id",
        "user-service  1.4.0    jane             01a2",
        "payment-api   2.0.0    dependabot[bot]  01a3",
    ]


def test_a_column_that_says_nothing_is_left_out() -> None:
    rows = [["a", "", "jane", "1"], ["b", "", "omar", "2"]]
    assert table(TextLayout(80), COLUMNS, rows).splitlines()[0] == "product  by    id"


def test_a_spare_column_goes_before_a_name_is_cut() -> None:
    assert table(TextLayout(30), COLUMNS, ROWS).splitlines() == [
        "product       version  id",
        "user-service  1.4.0    01a2",
        "payment-api   2.0.0    01a3",
    ]


def test_then_the_others_are_cut() -> None:
    assert table(TextLayout(23), COLUMNS, ROWS).splitlines()[1:] == [
        "user-…ce  1.4.0    01a2",
        "payme…pi  2.0.0    01a3",
    ]


def test_what_cannot_fit_is_a_list_with_everything() -> None:
    assert fitted_table(TextLayout(15), COLUMNS, ROWS) is None
    assert table(TextLayout(15), COLUMNS, ROWS).splitlines()[:4] == [
        "user-service",
        "  version  1.4.0",
        "  by       jane",
        "  id       01a2",
    ]


def test_the_end_of_a_line_that_tells_the_status_is_never_cut() -> None:
    columns = [Column("product", 4), Column("version", 6)]
    rows = [["api", [Span("1.0"), Span("2026.11.22-build.4711", "bad", " failed")]]]
    text = table(TextLayout(25), columns, rows)
    assert text.splitlines()[2].endswith(" failed")
    assert "…" in text


def test_painted_columns_stay_aligned() -> None:
    rows = [[Span("failed", "bad"), "x"], [Span("ok", "good"), "y"]]
    plain = table(TextLayout(80), [Column("a"), Column("b")], rows)
    painted = table(TextLayout(80, colour=True), [Column("a"), Column("b")], rows)
    for code in ("\x1b[0m", "\x1b[2m", "\x1b[31m", "\x1b[32m"):
        painted = painted.replace(code, "")
    assert painted == plain


def test_facts_leave_out_what_says_nothing_and_wrap_the_rest() -> None:
    pairs = [("status", "failed"), ("by", ""), ("reason", paragraph("one two three four five six"))]
    assert labelled_list(TextLayout(32), pairs).splitlines() == [
        "  status  failed",
        "  reason  one two three four",
        "          five six",
    ]


@given(
    rows=st.lists(st.tuples(*[st.text(max_size=40)] * 4), min_size=1, max_size=5),
    width=st.integers(10, 120),
)
@settings(deadline=None)
def test_a_table_fits_and_is_safe_whatever_is_in_it(
    rows: list[tuple[str, str, str, str]], width: int
) -> None:
    text = fitted_table(TextLayout(width), COLUMNS, rows)
    for line in (text or "").splitlines():
        assert text_width(line) <= width
    for line in table(TextLayout(width), COLUMNS, rows).split("\n"):
        assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in line)
