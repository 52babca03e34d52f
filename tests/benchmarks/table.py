"""The results of a run of the benchmarks, as text and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.benchmarks.measure import Taken
    from tests.benchmarks.operations import Operation

__all__ = ["Result", "as_json", "as_text"]


class Result(NamedTuple):
    """What one operation took in a registry of one size; `missing` says why it took nothing."""

    operation: Operation
    events: int
    runs: int
    middle: Taken | None
    ratio: float | None = None
    worked_ratio: float | None = None
    missing: str = ""
    pages: int = 0

    @property
    def over(self) -> list[str]:
        """Return which limits are exceeded."""
        operation, middle = self.operation, self.middle
        if middle is None:
            return []
        pairs = (
            ("ratio", self.worked_ratio, operation.ratio),
            ("time", middle.passed, operation.seconds),
            ("memory", middle.memory, operation.memory),
        )
        return [
            name for name, is_so, most in pairs
            if is_so is not None and most is not None and is_so > most
        ]  # fmt: skip


def as_text(results: list[Result]) -> str:
    """Return a table in Markdown."""
    lines = [
        "| events | operation | time | processor | memory | against | ratio (processor) | limit |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*lines, *map(_line, results)]) + "\n"


def _line(result: Result) -> str:
    operation, middle = result.operation, result.middle
    start = f"| {result.events:,} | {operation.words} "
    if middle is None:
        return f"{start}| {result.missing} | | | {operation.peer} | | {_limit(operation)} |"
    passed, worked = _seconds(middle.passed), _seconds(middle.worked)
    ratio = "" if result.ratio is None else f"{result.ratio:.2f} ({result.worked_ratio:.2f})"
    over = f"; exceeded: {', '.join(result.over)}" if result.over else ""
    pages = ""
    if result.pages:
        pages = f", {result.pages:,} pages, {60 * result.pages / middle.passed:,.0f} a minute"
    return (
        f"{start}| {passed}{pages} | {worked} | {middle.memory / 1e6:,.0f} MB "
        f"| {operation.peer} | {ratio} | {_limit(operation)}{over} |"
    )


def _seconds(value: float) -> str:
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"


def _limit(operation: Operation) -> str:
    parts = []
    if operation.ratio is not None:
        parts.append(f"ratio {operation.ratio:.3g}")
    if operation.seconds is not None:
        parts.append(f"{operation.seconds:g} s")
    if operation.memory is not None:
        parts.append(f"{operation.memory / 1e6:.0f} MB")
    return ", ".join(parts)


def as_json(results: list[Result]) -> list[dict[str, Any]]:
    """Return the results as plain data."""
    return [
        {
            "operation": result.operation.key,
            "events": result.events,
            "runs": result.runs,
            "seconds": result.middle and round(result.middle.passed, 4),
            "processor_seconds": result.middle and round(result.middle.worked, 4),
            "memory_bytes": result.middle and result.middle.memory,
            "peer": result.operation.peer or None,
            "ratio": result.ratio and round(result.ratio, 4),
            "processor_ratio": result.worked_ratio and round(result.worked_ratio, 4),
            "pages": result.pages or None,
            "missing": result.missing or None,
            "exceeded": result.over,
        }
        for result in results
    ]
