"""Text in XML and CSV: whatever it is, a strict reader gives it back, less what is forbidden."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from versioner.serialization.csv_cells import FORMULA
from versioner.site.exports.csv import cell_text
from versioner.site.exports.xml import attribute, markup, xml_text

pytestmark = pytest.mark.slow

# Lone surrogates too: a text in memory may hold them, though no file of a registry does.
TEXTS = st.text(st.characters(), max_size=40)


@given(TEXTS)
def test_a_text_comes_back_from_xml(text: str) -> None:
    element = ET.fromstring(f'<a b="{attribute(text)}">{markup(text)}</a>'.encode())
    assert (element.text or "") == xml_text(text)
    assert element.get("b") == xml_text(text)


@given(TEXTS)
def test_a_text_comes_back_from_csv_and_begins_no_formula(text: str) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([cell_text(text), "end"])
    content = out.getvalue().encode("utf-8").decode("utf-8")
    ((cell, end),) = csv.reader(io.StringIO(content, newline=""), strict=True)
    assert end == "end"
    assert not cell.startswith(FORMULA)
    assert cell.removeprefix("'") == xml_text(text)


def test_only_what_is_forbidden_is_replaced() -> None:
    assert xml_text("a\x00b\ud800c\ufffe\t\n日🚀") == "a\ufffdb\ufffdc\ufffd\t\n日🚀"
