"""Run the command line: `versioner` and `python -m versioner`."""

from __future__ import annotations

import gc
import signal

__all__ = ["main"]


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    # Start-up allocates many objects and frees none, so that garbage collection finds nothing. Run
    # it rarely, and not at exit (`gc.freeze` below).
    gc.set_threshold(100_000, 20, 20)
    # Until there is state to clean up, Ctrl-C ends the process at once.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from versioner.cli.errors import run

    code = run()
    gc.freeze()
    raise SystemExit(code)


if __name__ == "__main__":
    main()
