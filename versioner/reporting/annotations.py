"""Problems as annotations: the workflow commands that GitHub shows beside the lines."""

from __future__ import annotations

__all__ = ["github_annotation"]


def github_annotation(
    level: str, message: str, hint: str = "", *, path: str = "", line: int = 0, column: int = 0
) -> str:
    """Return one workflow command; its values escaped as GitHub's runner unescapes them."""
    places = [("file", path), ("line", str(line or "")), ("col", str(column or ""))]
    properties = ",".join(f"{key}={_property(value)}" for key, value in places if value)
    text = _data(f"{message}\n{hint}" if hint else message)
    return f"::{level}{' ' if properties else ''}{properties}::{text}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
