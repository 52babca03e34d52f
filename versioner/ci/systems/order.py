"""The order in which the known CI systems are looked for.

A new system is described in `forges`, `servers` or `services`, and named in `presence`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from versioner.ci.presence import PRESENT
from versioner.ci.systems.forges import FORGE_SYSTEMS
from versioner.ci.systems.servers import SERVER_SYSTEMS
from versioner.ci.systems.services import SERVICE_SYSTEMS

if TYPE_CHECKING:
    from versioner.ci.systems.form import System

__all__ = ["SYSTEMS"]

_BY_NAME: Final = {
    system.name: system for system in (*FORGE_SYSTEMS, *SERVER_SYSTEMS, *SERVICE_SYSTEMS)
}
SYSTEMS: Final[tuple[System, ...]] = tuple(_BY_NAME[name] for name in PRESENT)
