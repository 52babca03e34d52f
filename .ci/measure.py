"""Measure coverage in pytest and in its xdist workers, whatever line starts them.

A plugin (`-p measure`) rather than a start-up hook of Python: the commands that tests run as
processes stay as light as they are for users, which some of the tests are about.
"""

from __future__ import annotations

import coverage

__all__ = ["pytest_unconfigure"]

_coverage = coverage.Coverage(data_suffix=True)
# The process that hands tests out to workers runs none of our code itself.
_coverage.set_option("run:disable_warnings", ["no-data-collected"])
_coverage.start()


def pytest_unconfigure() -> None:
    """Save what was measured in this process."""
    _coverage.stop()
    _coverage.save()
