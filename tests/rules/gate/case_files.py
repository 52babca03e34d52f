"""The cases of `cases/*.yaml`: what is asked, and what the text says is the answer."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.rules.gate.notation import World, long_time, world_of
from versioner.rules.gate import Question

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Case", "all_cases"]

CASES = Path(__file__).parent / "cases"
BUILT_IN = ("blocked-version", "open-request")


class Loader(yaml.SafeLoader if not hasattr(yaml, "CSafeLoader") else yaml.CSafeLoader):  # type: ignore[misc]
    """Reads times as text."""


resolvers: dict[str, list[Any]] = Loader.yaml_implicit_resolvers
Loader.yaml_implicit_resolvers = {
    letter: [each for each in known if each[0] != "tag:yaml.org,2002:timestamp"]
    for letter, known in resolvers.items()
}


@dataclass(frozen=True)
class Case:
    """One question to one registry, and the expected answer."""

    file: str
    fields: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.fields["case"])

    @cached_property
    def world(self) -> World:
        """Return the registry; `blocked` and `allowed` alone are a rule named `closed`."""
        fields = self.fields
        windows = {key: fields[key] for key in ("blocked", "allowed") if key in fields}
        if windows:
            zone = {"time_zone": fields["zone"]} if "zone" in fields else {}
            fields = fields | {"rules": {"closed": {"schedule": {**zone, **windows}}}}
        return world_of(fields)

    @cached_property
    def question(self) -> Question:
        words = self.fields.get("ask", "app 1.0 production").split(" ")
        environment, _, instance = words[2].partition("@")
        return Question(
            words[0],
            words[1],
            environment,
            instance,
            long_time(self.fields["at"]),
            run=words[3].removeprefix("run=") if len(words) > 3 else "",
            overrides=tuple(self.fields.get("overrides", ())),
        )

    @property
    def until(self) -> str:
        """Return when the only rule no longer refuses, "" for never and where it passes."""
        until = str(self.fields.get("until", "never"))
        return long_time(until) if "T" in until else until.replace("never", "")

    @property
    def code(self) -> str:
        fields = self.fields
        is_refused = "code" in fields or "until" in fields
        return str(fields.get("code", "NO_DEPLOY_WINDOW")) if is_refused else ""

    @property
    def unreadable(self) -> list[str]:
        return [f"registry/{path}" for path in self.fields.get("unreadable", ())]

    @property
    def allowed_from(self) -> str:
        """Return the expected moment; an allowed question is allowed from its own moment on."""
        if "from" in self.fields:
            return "" if self.fields["from"] == "never" else long_time(self.fields["from"])
        if not self.code:
            return self.question.at
        return "" if "verdicts" in self.fields else self.until

    @property
    def verdicts(self) -> list[str]:
        """Return the expected verdicts as lines, built-in ones first.

        A line is `RULE OUTCOME CODE until TIME`, the last two where there are any; of a built-in
        verdict RULE is its type.
        """
        if "verdicts" in self.fields:
            return [self._line(each) for each in self.fields["verdicts"]]
        (rule,) = self.world.rules
        if not self.code:
            return [f"{rule} passed"]
        return [f"{rule} failed {self.code}" + (f" until {self.until}" if self.until else "")]

    def _line(self, text: str) -> str:
        words = text.split(" ")
        if "until" in words:
            words[-1] = long_time(words[-1])
        return " ".join(words)


def all_cases() -> list[Case]:
    """Return the cases of all files."""
    return [each for path in sorted(CASES.glob("*.yaml")) for each in _cases_of(path)]


def _cases_of(path: Path) -> Iterator[Case]:
    groups = yaml.load(path.read_text(encoding="utf-8"), Loader)
    for group in groups:
        for case in group["cases"]:
            yield Case(path.stem, group.get("given", {}) | case)
