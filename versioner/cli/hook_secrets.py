"""The secrets of `versioner serve --hook`, from the environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.errors import UsageFault
from versioner.secret_scanning import remember_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["hook_secrets"]

_SYSTEMS: Final = ("github", "gitlab", "vercel", "cdevents")
_SHORTEST: Final = 16


def hook_secrets(hooks: Iterable[str], environ: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Return the secrets by system; a variable may have several, one a line, to change them.

    Raises UsageFault for another system, and for a variable without a secret or with a short one.
    """
    found: dict[str, tuple[str, ...]] = {}
    for hook in hooks:
        system, _, variable = hook.partition("=")
        if system not in _SYSTEMS:
            hint = f"the systems are {', '.join(_SYSTEMS)}"
            raise UsageFault(f'--hook {hook}: "{system}" is not known', hint=hint)
        variable = variable or f"VERSIONER_HOOK_{system.upper()}"
        secrets = tuple(filter(None, map(str.strip, environ.get(variable, "").splitlines())))
        if not secrets:
            raise UsageFault(
                f"--hook {system}: the variable {variable} has no secret",
                hint=f"set {variable} to the secret that {system} signs with",
            )
        if min(map(len, secrets)) < _SHORTEST:
            raise UsageFault(
                f"--hook {system}: the secret in {variable} is too short",
                hint=f"use {_SHORTEST} random characters or more: `openssl rand -hex 32`",
            )
        for secret in secrets:
            remember_secret(secret)
        found[system] = (*found.get(system, ()), *secrets)
    return found
