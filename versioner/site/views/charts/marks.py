"""Small marks of pictures as paths: a cross for a failure, a triangle for a rollback."""

from __future__ import annotations

from versioner.site.charts.scales import number_text as n

__all__ = ["cross", "triangle"]


def cross(x: float, y: float, size: float = 3) -> str:
    """Return the path of a cross around a point, for a line."""
    side = n(2 * size)
    return f"M{n(x - size)} {n(y - size)}l{side} {side}m0-{side}l-{side} {side}"


def triangle(x: float, y: float, size: float = 3.5) -> str:
    """Return the path of a triangle around a point that points to the left, for a shape."""
    return f"M{n(x + size)} {n(y - size)}v{n(2 * size)}L{n(x - size)} {n(y)}z"
