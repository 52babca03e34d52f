"""Text on a page: widths, cutting, wrapping, paint."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from versioner.reporting.text import TextLayout, abbreviate, pad, shorten, text_width, wrap

SHA = "4f5d1c2a9b8e7d6c5b4a39281706f5e4d3c2b1a0"


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("1.4.0", 10, "1.4.0"),
        (SHA, 12, "4f5d1c2a9b8…"),
        (f"release-{SHA}", 20, "release-4f5d1c2a9b8…"),
        ("4f5d1c2a9b…", 9, "4f5d1c2a…"),
        ("notification-service", 12, "notifica…ice"),
        ("abc", 1, "…"),
        ("abc", 0, ""),
    ],
)
def test_a_digest_loses_its_end_and_a_name_its_middle(text: str, width: int, shown: str) -> None:
    assert shorten(text, width) == shown


def test_an_abbreviated_version_keeps_all_but_the_digest() -> None:
    assert abbreviate(f"release-{SHA}-rc1") == "release-4f5d1c2a9b…-rc1"
    assert abbreviate("4f5d1c2") == "4f5d1c2"
    assert abbreviate(abbreviate(SHA)) == abbreviate(SHA)


@given(text=st.text(), width=st.integers(0, 60))
def test_what_is_cut_never_takes_more_than_its_columns(text: str, width: int) -> None:
    assert text_width(shorten(text, width)) <= width or text_width(text) <= width


def test_wide_letters_take_two_columns_and_marks_none() -> None:
    assert text_width("日本") == 4
    assert text_width("e\u0301") == 1
    assert pad("日本", 6) == "日本  "


def test_free_text_keeps_its_lines_and_long_addresses() -> None:
    address = "https://example.com/" + "a" * 60
    assert wrap(f"one two three four\nfive\n{address}", 20) == [
        "one two three four",
        "five",
        address,
    ]


@given(text=st.text())
@settings(deadline=None)
def test_no_control_character_comes_out_of_free_text(text: str) -> None:
    for line in wrap(text, 30):
        assert line.isprintable() or not any(ord(letter) < 32 for letter in line)


def test_paint_is_for_pages_with_colour() -> None:
    assert TextLayout(colour=True).paint("drift", "drift") == "\x1b[33mdrift\x1b[0m"
    assert TextLayout(colour=False).paint("drift", "drift") == "drift"
    assert TextLayout(colour=True).paint("", "drift") == ""
