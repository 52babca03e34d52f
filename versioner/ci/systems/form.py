"""The form of a CI system: the variables from which each value is read.

A *reading* is a list of alternatives, separated by spaces; the first one that gives a value
counts. An alternative is

- the name of a variable;
- a pattern of `{VARIABLE}`s that must all be set;
- `VARIABLE^prefix`: the rest of a value that begins with the prefix;
- `VARIABLE=value=>ALTERNATIVE`: an alternative that counts only where a variable has that value.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["System"]


class System(NamedTuple):
    """A CI system: how it is recognised, and the reading of each value.

    `present` is the condition in `versioner.ci.presence`. `sha` and `branch` are those of the
    head where the run is about a pull request. `remote` is a prefix of branch names. `release` is
    the tag or the release that the run is about; it is the version then. `run_in_url` is a pattern
    that finds the run's id in `url`, for a system whose `run` is not unique. `server` defaults to
    the host of `url`, and `version` to the first characters of the commit or, without a commit, to
    `otherwise`. `tier` is the type of the `environment`, in the words of the system. `event` and
    `event_file` tell what the run is about where the other variables do not. `metadata` pairs keys
    with readings; the keys are those of the hosted product where it has them. It must not contain
    data of people, because a registry may be configured to record none.
    """

    name: str
    present: str
    repository: str = ""
    sha: str = ""
    branch: str = ""
    remote: str = ""
    number: str = ""
    run: str = ""
    run_in_url: str = ""
    attempt: str = ""
    job: str = ""
    url: str = ""
    server: str = ""
    person: str = ""
    email: str = ""
    person_name: str = ""
    version: str = ""
    otherwise: str = ""
    release: str = ""
    environment: str = ""
    tier: str = ""
    event: str = ""
    event_file: str = ""
    metadata: tuple[tuple[str, str], ...] = ()
    summary_file: str = ""
    output_file: str = ""
