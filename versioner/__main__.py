"""Run the command line: `versioner` and `python -m versioner`."""

from __future__ import annotations

__all__ = ["main"]


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    from versioner.cli.boundary import run

    raise SystemExit(run())


if __name__ == "__main__":
    main()
