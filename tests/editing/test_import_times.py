"""The times of rows to import: every way to write one that is clear, and no other."""

from __future__ import annotations

import pytest

from versioner.editing.importing.times import TimeReader
from versioner.errors import InvalidInput, UsageFault

BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-28T09:15:00Z",
        "2025-11-28T10:15:00.123+0100",
        "2025-11-28 10:15:00+01:00",
        "2025-11-28 10:15:00+01",
        "2025-11-28 10:15:00.000 +01:00",
        "2025-11-28 09:15:00 UTC",
        "2025-11-28T09:15Z",
        "2025-11-28t04:15:00-05:00",
    ],
)
@pytest.mark.parametrize("formats", [(), ("epoch",), ("%d.%m.%Y",)])
def test_a_time_with_an_offset_is_read_whatever_the_formats(
    text: str, formats: tuple[str, ...]
) -> None:
    assert TimeReader(formats, "").read(text) == "2025-11-28T09:15:00Z"


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("28.11.2025 10:15", "%d.%m.%Y %H:%M"),
        ("11/28/2025 10:15 AM", "%m/%d/%Y %I:%M %p"),
        ("Nov 28, 2025 10:15:00 AM", "%b %d, %Y %I:%M:%S %p"),
        ("28-Nov-2025 10:15:00", "%d-%b-%Y %H:%M:%S"),
        ("2025/11/28 10:15", "%Y/%m/%d %H:%M"),
        ("45989.42708", "excel"),
        ("45989,42708", "excel"),
        ("1764321300", "epoch"),
        ("1764321300.75", "epoch"),
        ("1764321300000", "epoch-ms"),
        ("28.11.2025 10:15 +0100", "%d.%m.%Y %H:%M %z"),
    ],
)
def test_a_refused_time_names_the_format_that_reads_it(text: str, form: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        TimeReader((), "").read(text)
    assert f"--time-format {form}" in caught.value.hint.replace("'", "")
    assert ("--time-zone" in caught.value.hint) == (
        not form.startswith("epoch") and "%z" not in form
    )
    assert TimeReader((form,), BERLIN).read(text) == "2025-11-28T09:15:00Z"


def test_formats_are_tried_in_their_order() -> None:
    times = TimeReader(("epoch", "epoch-ms", "excel", "%d.%m.%Y"), "UTC")
    for text in ("1764288000", "1764288000000", "45989", "28.11.2025"):
        assert times.read(text) == "2025-11-28T00:00:00Z"
    assert times.read(1764288000) == "2025-11-28T00:00:00Z"
    assert TimeReader(("%d/%m/%Y", "%m/%d/%Y"), "UTC").read("01/02/2025").startswith("2025-02-01")


def test_a_local_time_needs_the_zone() -> None:
    with pytest.raises(InvalidInput, match="has no time zone") as caught:
        TimeReader((), "").read("2025-11-28 10:15:00")
    assert "--time-zone" in caught.value.hint and "2025-11-28T10:15:00Z" in caught.value.hint
    with pytest.raises(InvalidInput, match="has no time zone"):
        TimeReader(("%d.%m.%Y %H:%M",), "").read("28.11.2025 10:15")
    assert TimeReader((), BERLIN).read("2025-07-28 10:15:00") == "2025-07-28T08:15:00Z"
    assert TimeReader((), "+05:30").read("2025-07-28 10:15") == "2025-07-28T04:45:00Z"


def test_a_time_that_the_clocks_showed_twice_is_refused_with_both() -> None:
    times = TimeReader((), BERLIN)
    with pytest.raises(InvalidInput, match="occurred twice in Europe/Berlin") as caught:
        times.read("2025-10-26 02:30:00")
    for written, utc in (("02:30:00+02:00", "00:30"), ("02:30:00+01:00", "01:30")):
        assert f'"2025-10-26T{written}"' in caught.value.hint
        assert times.read(f"2025-10-26T{written}") == f"2025-10-26T{utc}:00Z"
    assert times.read("2025-10-26 01:59:59") == "2025-10-25T23:59:59Z"
    assert times.read("2025-10-26 03:00:00") == "2025-10-26T02:00:00Z"


def test_a_time_that_the_clocks_left_out_is_refused() -> None:
    times = TimeReader(("%d.%m.%Y %H:%M",), BERLIN)
    with pytest.raises(InvalidInput, match="does not exist in Europe/Berlin"):
        times.read("30.03.2025 02:30")
    assert times.read("30.03.2025 01:59") == "2025-03-30T00:59:00Z"
    assert times.read("30.03.2025 03:00") == "2025-03-30T01:00:00Z"


@pytest.mark.parametrize("value", [True, [], "", "soon", "2025-13-01T00:00:00Z x", 7, 1e30, "1764"])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        TimeReader(("epoch",), "UTC").read(value)


def test_a_number_of_another_unit_is_refused() -> None:
    with pytest.raises(InvalidInput, match="in the format"):
        TimeReader(("epoch-ms",), "").read("1764288000")
    with pytest.raises(InvalidInput):
        TimeReader(("epoch",), "").read("1764288000000")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("iso8601", "is not a time format"),
        ("%d.%m %H:%M", "has no year"),
        ("%d.%m.%Y %I:%M", "has %I without %p"),
        ("%Y-%m-%d %H:%M %Z", "names a zone"),
        ("%Y-%Q", "not a format of Python's strptime"),
        ("%Y %Y", "directive twice|not of strptime"),
    ],
)
def test_a_format_that_gives_no_moment_is_refused(form: str, said: str) -> None:
    with pytest.raises(UsageFault, match=said):
        TimeReader((form,), "UTC")


@pytest.mark.parametrize("zone", ["Europe/Nowhere", "../etc/passwd", "+99:99", "CET+1"])
def test_a_zone_that_is_none_is_refused(zone: str) -> None:
    with pytest.raises((UsageFault, InvalidInput)):
        TimeReader((), zone)
