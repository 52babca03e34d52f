"""Random rules of every type, for `generated`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

__all__ = ["ENVIRONMENTS", "KINDS", "RuleGenerator"]

CLOCKS = ("00:00", "01:00", "01:30", "01:45", "02:00", "02:15", "02:30", "03:00", "09:00", "18:00")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAYS_OF_MONTH = (1, 4, 5, 8, 25, 29, 30, 31, -1, -2, -31)
WINDOWS = ("once", "daily", "weekly", "weekly", "monthly", "rrule")
ENVIRONMENTS = ("test", "staging", "production")
KINDS = ("qa", "security")
DURATIONS = ("1h", "6h", "1d", "2d")
TYPES = (
    *("schedule",) * 3,
    *("flow",) * 3,
    *("version-approval",) * 2,
    *("concurrency",) * 2,
    "request-approval",
    "requirement",
)
SCOPES: dict[str, tuple[str, ...]] = {
    "products": ("app", "a*", "billing", "*"),
    "teams": ("payments", "identity"),
    "environments": ("production", "prod*", "?est", "staging"),
    "environment_types": ("production", "staging", "test"),
}
Document = dict[str, Any]


class RuleGenerator:
    """Rules with windows near a moment, in a zone."""

    random: Random
    zone: str
    near: datetime

    def maybe(self, chance: float) -> bool:
        return self.random.random() < chance

    def some(self, values: tuple[str, ...]) -> list[str]:
        return self.random.sample(values, self.random.randint(1, len(values)))

    def rule(self) -> Document:
        kind = self.random.choice(TYPES)
        rule: Document = {"type": kind}
        if self.maybe(0.2):
            rule["enforcement"] = self.random.choice(("report-only", "disabled"))
        if self.maybe(0.3):
            rule["applies_to"] = self.scope()
        if self.maybe(0.2):
            rule["except"] = self.scope()
        if self.maybe(0.6):
            rule["rollbacks"] = "exempt"
        if self.maybe(0.2):
            rule["override"] = "never"
        return {**rule, kind: getattr(self, kind.replace("-", "_"))()}

    def scope(self) -> Document:
        keys = self.random.sample(list(SCOPES), self.random.choice((1, 1, 2)))
        return {key: self.some(SCOPES[key]) for key in keys}

    def schedule(self) -> Document:
        windows = [self.window() for _ in range(self.random.randint(1, 3))]
        zone = self.zone if self.maybe(0.8) else "UTC"
        return {"time_zone": zone, self.random.choice(("blocked", "allowed")): windows}

    def clock(self, *, is_end: bool = False) -> str:
        return self.random.choice((*CLOCKS, "24:00") if is_end else CLOCKS)

    def window(self) -> Document:
        kind = self.random.choice(WINDOWS)
        part = {"from": self.clock(), "to": self.clock(is_end=True)}
        if kind == "daily":
            return {"daily": part}
        if kind == "monthly":
            days = self.random.sample(DAYS_OF_MONTH, self.random.randint(1, 3))
            return {"monthly": {"days": days, **part}}
        if kind == "weekly":
            return {"weekly": self.weekly(part)}
        local = self.near.replace(tzinfo=None) - timedelta(days=self.random.randint(-1, 2))
        if kind == "once":
            later = local + timedelta(days=self.random.randint(1, 2))
            start, end = (f"{each:%Y-%m-%d}T{self.clock()}" for each in (local, later))
            return {"once": {"from": start, "to": end}}
        return {"rrule": self.recurrence(local - timedelta(days=self.random.choice((3, 7, 14))))}

    def weekly(self, part: dict[str, str]) -> Document:
        if self.maybe(0.5):
            return {"days": self.some(DAYS[3:]), **part}
        return {key: f"{self.random.choice(DAYS)} {clock}" for key, clock in part.items()}

    def recurrence(self, start: datetime) -> dict[str, str]:
        rules = (
            "FREQ=DAILY",
            "FREQ=DAILY;INTERVAL=2",
            "FREQ=DAILY;COUNT=3",
            f"FREQ=WEEKLY;BYDAY={start.strftime('%a')[:2].upper()},SU",
            f"FREQ=DAILY;UNTIL={self.near:%Y%m%d}T020000",
            f"FREQ=DAILY;UNTIL={self.near:%Y%m%d}T020000Z",
            f"FREQ=MONTHLY;BYMONTHDAY={start.day}",
        )
        duration = self.random.choice(("30m", "3h", "1d", "30h"))
        begins = f"{start:%Y-%m-%d}T{self.clock()}"
        return {"rule": self.random.choice(rules), "start": begins, "duration": duration}

    def flow(self) -> Document:
        through = self.some(ENVIRONMENTS[:2])
        block: Document = {"through": through}
        if self.maybe(0.7):
            soaked = {each: self.random.choice(DURATIONS) for each in through[:1]}
            block["soak"] = soaked if self.maybe(0.5) else self.random.choice(DURATIONS)
        for key in ("in_order", "still_there"):
            if self.maybe(0.3):
                block[key] = True
        return block

    def version_approval(self) -> Document:
        types = {kind: self.random.choice((1, 1, 2)) for kind in self.some(KINDS)}
        block: Document = {"types": types}
        if self.maybe(0.4):
            block["expires_after"] = self.random.choice(("12h", "1d", "2d"))
        if self.maybe(0.2):
            block["after"] = self.random.choice(ENVIRONMENTS)
        if self.maybe(0.2):
            block["not_by"] = self.some(("deployer", "builder"))
        return block

    def request_approval(self) -> Document:
        types = {self.random.choice(KINDS): self.random.randint(1, 2)}
        return {"types": types} if self.maybe(0.5) else {}

    def requirement(self) -> Document:
        values: dict[str, tuple[Any, ...]] = {
            "extra_metadata.tests": ("passed", "*", "*", True, "true"),
            "artifacts.image": ("*",),
        }
        return {key: self.random.choice(values[key]) for key in self.some(tuple(values))}

    def concurrency(self) -> Document:
        per = self.random.choice(("environment", "product"))
        return {"limit": self.random.choice((1, 1, 2)), "per": per}
