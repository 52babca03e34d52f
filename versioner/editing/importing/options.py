"""What an import is told by its caller, and what it reports beside the events."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner.errors import UsageFault
from versioner.models import DEPLOYMENT_KEYS
from versioner.names import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = [
    "CONTAINERS",
    "FIELDS",
    "FORMATS",
    "IGNORE",
    "MAPS",
    "OBJECT",
    "SHAPES",
    "ImportNotes",
    "ImportOptions",
    "ImportRow",
    "Place",
    "SourceRow",
    "UnknownName",
    "check_field",
]

FIELDS: Final = ("product", *DEPLOYMENT_KEYS)
# The fields that hold names and values of their own: `extra_metadata.KEY` is one of them.
MAPS: Final = tuple(key for key in ("extra_metadata", "artifacts") if key in DEPLOYMENT_KEYS)
# The field that is an object with keys of its own, or the JSON of one.
OBJECT: Final = "changes"
# As the field of a column, or the value of a word: leave it out.
IGNORE: Final = "-"

CONTAINERS: Final = ("csv", "tsv", "json", "jsonl")
SHAPES: Final = (
    "github-deployments",
    "gitlab-deployments",
    "octopus-deployments",
    "argocd-applications",
    "vercel-deployments",
    "cdevents",
)
FORMATS: Final = (*CONTAINERS, *SHAPES)


class Place(NamedTuple):
    """The place of a row in its file: the line, and the item where a line holds several."""

    line: int
    item: int = 0


class SourceRow(NamedTuple):
    """One row as the file has it, or why it cannot be read."""

    place: Place
    values: Mapping[str, Any]
    fault: str = ""


# The place of a row and its values by field; "" is why the row is refused.
ImportRow = tuple[Place, "dict[str, Any]"]


class UnknownName(str):
    """The id of a thing whose name the file does not give."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """How to read a file.

    `format` is one of FORMATS, "" to tell it by the name and the content. `mapping` gives the
    field of a column, `constants` the value of a field in all rows, `values` the value for a
    word of a field. `time_formats` are those of strptime, or a word of `times.TIME_WORDS`.
    """

    format: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[tuple[str, str], str] = field(default_factory=dict)
    time_formats: tuple[str, ...] = ()
    time_zone: str = ""


@dataclass(slots=True)
class ImportNotes:
    """What the reader of a file found beside its rows."""

    format: str = ""
    # The rows left out, by the word of the field that said so.
    skipped: Counter[str] = field(default_factory=Counter)
    # The deployments of an export that does not tell how they ended.
    without_status: int = 0
    # Returns how many bytes of the file are read, and how many it has (0: not known).
    progress: Callable[[], tuple[int, int]] | None = None

    @property
    def is_export(self) -> bool:
        """Whether the rows are the export of another system, whose names are not ours."""
        return self.format in SHAPES


def check_field(name: str, option: str) -> None:
    """Raise UsageFault for a name that is no field; `option` is the text that names it."""
    start, dot, key = name.partition(".")
    if name in FIELDS or (start in MAPS and dot and key):
        return
    near = nearest(name, FIELDS)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    keys = " or ".join(f"{each}.KEY" for each in MAPS)
    raise UsageFault(
        f'{option}: "{name}" is not a field of a deployment',
        hint=f"{meant}use one of {', '.join(FIELDS)}, or {keys}",
    )
