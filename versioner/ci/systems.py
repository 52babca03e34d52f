"""The order in which the known CI systems are looked for.

A new system is described in `forge_systems`, `server_systems` or `service_systems`, and named in
`presence`.
"""

from __future__ import annotations

from typing import Final

from versioner.ci.forge_systems import FORGE_SYSTEMS
from versioner.ci.presence import PRESENT
from versioner.ci.server_systems import SERVER_SYSTEMS
from versioner.ci.service_systems import SERVICE_SYSTEMS
from versioner.ci.system import System

__all__ = ["SYSTEMS", "System"]

_BY_NAME: Final = {
    system.name: system for system in (*FORGE_SYSTEMS, *SERVER_SYSTEMS, *SERVICE_SYSTEMS)
}
SYSTEMS: Final[tuple[System, ...]] = tuple(_BY_NAME[name] for name in PRESENT)
