"""Run the command line: `versioner` and `python -m versioner`."""

from __future__ import annotations

import gc
import signal

__all__ = ["main"]


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    # Start-up allocates much and frees nothing: the collector would walk over it ten times, and
    # once more on the way out. From here on it runs when there is something to find.
    gc.set_threshold(100_000, 20, 20)
    # Until there is something to tidy up, Ctrl-C just ends it.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from versioner.cli.errors import run

    code = run()
    gc.freeze()
    raise SystemExit(code)


if __name__ == "__main__":
    main()
