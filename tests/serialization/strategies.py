"""Generated input: any text UTF-8 can hold, metadata, events and documents."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from hypothesis import strategies as st

from versioner.models import BUILD_KEYS, DEPLOYMENT_KEYS, OBSERVATION_KEYS, Event, LogKind
from versioner.serialization.values import json_value

__all__ = ["KEYS", "documents", "events", "handwritten", "json_values", "texts"]

KEYS: dict[LogKind, tuple[str, ...]] = {
    "build": BUILD_KEYS,
    "deployment": DEPLOYMENT_KEYS,
    "observation": OBSERVATION_KEYS,
}

_AWKWARD = (
    *("", " ", "  a  ", "no", "Yes", "on", "~", "null", "true", "1.10", "0777", "1e3", "12:30"),
    *("2024-01-01", "1_000", ".inf", "-", "- a", "a: b", "a #b", "#", "'", '"', "\\", "\\/"),
    *(
        "{",
        "}",
        "[a, b]",
        "&a",
        "*a",
        "!t",
        "%x",
        "@",
        "`",
        "|",
        ">",
        "?",
        ": ",
        ", ",
        "=",
        "<<",
    ),
    *(
        "a\nb",
        "\n",
        "a\r\nb",
        "\t",
        "\x00",
        "\x1b[31m",
        "\x7f",
        "\x85",
        "\x9f",
        "\xa0",
        "\u2028",
    ),
    *(
        "\u2029",
        "\ufeff",
        "\ufffd",
        "\ufffe",
        "\uffff",
        "é",
        "日本",
        "😀",
        "\U0001fffe",
        "\u202e",
    ),
    *('", id: "x"}', '"}\n- {at: "', "---", "...", "<script>", "x" * 1100),
)
# By number: the strategies' own description of themselves would be too long.
_awkward = st.integers(0, len(_AWKWARD) - 1).map(lambda number: _AWKWARD[number])
_ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)

texts = st.deferred(lambda: _awkward | _ANY_TEXT | st.tuples(_awkward, _awkward).map("".join))

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts
)
# The strict loader takes eight collections, the schemas five inside metadata.
json_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(texts.filter(lambda key: len(key) < 150), inner, max_size=3)
    ),
    max_leaves=6,
).filter(lambda value: depth_of(value) <= 5)

metadata = st.dictionaries(texts.filter(lambda key: len(key) < 150), json_values, max_size=4)


def depth_of(value: Any) -> int:
    """Count how deep collections are nested in a value."""
    if not isinstance(value, (dict, list)):
        return 0
    inner = value.values() if isinstance(value, dict) else value
    return 1 + max((depth_of(item) for item in inner), default=0)


def events(kind: LogKind) -> st.SearchStrategy[Event]:
    """Generate events with any of their fields, most of them text."""
    fields: dict[str, st.SearchStrategy[Any]] = dict.fromkeys(KEYS[kind], texts)
    fields["extra_metadata"] = metadata
    fields["redacted"] = st.lists(texts, max_size=3)
    fields["versions"] = fields["images"] = fields["redacted"]
    fields = {key: fields[key] for key in KEYS[kind]}
    return st.fixed_dictionaries({}, optional=fields)


documents = st.fixed_dictionaries(
    {"name": texts},
    optional={
        "title": texts,
        "description": texts,
        "lifecycle": st.sampled_from(["active", "deprecated"]),
        "links": st.lists(st.fixed_dictionaries({"title": texts, "url": texts}), max_size=2),
        "depends_on": st.lists(texts, max_size=3),
        "extra_metadata": st.fixed_dictionaries(
            {}, optional={"team": texts, "owner": texts, "tech_stack": texts | st.lists(texts)}
        ).flatmap(lambda known: metadata.map(lambda own: {**own, **known})),
    },
)


_PLAIN = re.compile(
    "(?!(?:y|n|yes|no|on|off|true|false|null)$)[a-z](?:[a-z -]*[a-z])?", re.IGNORECASE
)
_QUOTABLE = re.compile("[ -~é日-龥]*")
_LINES = re.compile(r"(?:[a-z#][ -~]*\n)*[a-z#][ -~]*\n?")


class _Hand:
    """Write data as people do: in any style, with comments anywhere they may stand."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._count = 0
        self.is_after_block = False

    def chance(self, one_in: int) -> bool:
        return self._random.randint(1, one_in) == 1

    def comment(self) -> str:
        self._count += 1
        return f"# note {self._count} " + self._random.choice(["", '"', "a: b", "é #", "'\\"])

    def between(self, indent: int) -> list[str]:
        lines = []
        while self.chance(4):
            # Deeper ones after a block scalar would be part of it.
            deeper = indent if self.is_after_block else indent + 2
            column = self._random.choice([0, indent, indent, deeper])
            lines.append("" if self.chance(3) else " " * column + self.comment())
        return lines

    def behind(self) -> str:
        return "  " + self.comment() if self.chance(6) else ""

    def scalar(self, value: Any) -> str:
        if not isinstance(value, str):
            return json_value(value, "value", 0)
        forms = [json_value(value, "value", 0), json.dumps(value)]
        if any(ord(char) > 0xFFFF for char in value):
            forms.pop()
        if _QUOTABLE.fullmatch(value):
            forms.append("'" + value.replace("'", "''") + "'")
        if _PLAIN.fullmatch(value):
            forms += [value] * 3
        return self._random.choice(forms)

    def flow(self, value: Any, indent: int) -> str:
        if not isinstance(value, (dict, list)):
            return self.scalar(value)
        gap = self._random.choice(["", " ", " ", "\n"])
        if gap == "\n":
            gap = self.behind() + "\n" + " " * (indent + 2)
        items = (
            [f"{self.scalar(k)}: {self.flow(v, indent)}" for k, v in value.items()]
            if isinstance(value, dict)
            else [self.flow(item, indent) for item in value]
        )
        start, end = "{}" if isinstance(value, dict) else "[]"
        trail = "," if items and self.chance(4) else ""
        return start + gap + ("," + (gap or " ")).join(items) + trail + gap + end

    def value(self, value: Any, indent: int) -> list[str]:
        """Return what follows a key or a dash, and the lines below."""
        self.is_after_block = False
        if isinstance(value, (dict, list)) and value and not self.chance(4):
            inner = indent + self._random.choice([2, 2, 4])
            if isinstance(value, list) and self.chance(3):
                inner = indent
            return [self.behind(), *self.block(value, inner)]
        if isinstance(value, (dict, list)):
            return (" " + self.flow(value, indent) + self.behind()).split("\n")
        if isinstance(value, str) and _LINES.fullmatch(value) and self.chance(2):
            self.is_after_block = True
            mark = "|" if value.endswith("\n") else "|-"
            body = [" " * (indent + 2) + line for line in value.removesuffix("\n").split("\n")]
            return [" " + mark + self.behind(), *body]
        return [" " + self.scalar(value) + self.behind()]

    def block(self, value: Any, indent: int) -> list[str]:
        pad = " " * indent
        lines: list[str] = []
        items = value.items() if isinstance(value, dict) else ((None, item) for item in value)
        for key, item in items:
            lines += self.between(indent)
            if key is None:
                first, *rest = self.value(item, indent + 1)
                lines += [f"{pad}-{first}", *rest]
            else:
                first, *rest = self.value(item, indent)
                lines += [f"{pad}{self.scalar(key)}:{first}", *rest]
        return lines


@st.composite
def handwritten(draw: st.DrawFn, data: st.SearchStrategy[Any]) -> tuple[bytes, Any]:
    """Generate a file as people write it, and the data it holds."""
    value = draw(data)
    hand = _Hand(draw(st.integers(0, 2**32)))
    lines = hand.between(0) + (hand.block(value, 0) if value else []) + hand.between(0)
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    # A text block at the end of a file is one newline shorter without the file's own.
    final = newline * (1 if hand.is_after_block else draw(st.integers(0, 1)))
    return (newline.join(lines) + final).encode(), value
