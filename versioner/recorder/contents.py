"""The files of the recorder: our modules, packages of others, schemas, time zones, licences."""

from __future__ import annotations

import json
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from versioner import __version__
from versioner.errors import OperationFailed
from versioner.recorder.closure import modules_needed
from versioner.registry.governance.zones import pack_zones, packaged_zones
from versioner.resources import RECORDER_COMMANDS, ZONES, package_dir, schemas_dir

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["LEFT_OUT", "ROOTS", "bundled_versions", "recorder_files"]

ROOTS: Final = (
    "versioner.__main__",
    *(f"versioner.cli.commands.{module}" for module in RECORDER_COMMANDS.values()),
)
# `track` builds the site after a commit where the hooks of a clone do so; the recorder does not.
LEFT_OUT: Final = ("versioner.site",)


class _Bundled(NamedTuple):
    """A package in the archive: all of its modules but some, or only some."""

    package: str
    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def has(self, module: str) -> bool:
        """Return whether the archive has a module of the package."""
        return module not in self.without and (not self.only or module in self.only)


# By distribution. Of tzdata, the zones are in a file of ours.
_BUNDLED: Final[dict[str, _Bundled | None]] = {
    "click": _Bundled("click", without=frozenset({"testing.py"})),
    "pyyaml": _Bundled("yaml"),
    "python-dateutil": _Bundled(
        "dateutil", only=frozenset({"__init__.py", "_common.py", "easter.py", "rrule.py"})
    ),
    "tzdata": None,
}


def recorder_files() -> dict[str, bytes]:
    """Return the files of the archive by path; raise OperationFailed where a package is missing."""
    package = package_dir()
    modules = modules_needed(package, ROOTS, LEFT_OUT)
    files = {
        f"versioner/{path.relative_to(package).as_posix()}": _text(path)
        for path in modules.values()
    }
    files["__main__.py"] = _text(package / "recorder" / "start.py")
    for schema in schemas_dir().glob("*.schema.json"):
        files[f"versioner/schemas/{schema.name}"] = _text(schema)
    files[f"versioner/{ZONES}"] = pack_zones(packaged_zones())
    files.update(_packages())
    return files


def bundled_versions() -> dict[str, str]:
    """Return the versions of the packages in the archive by name."""
    others = {name: _distribution(name).version for name in _BUNDLED}
    return {"versioner": __version__, **others}


def _packages() -> Iterator[tuple[str, bytes]]:
    """Yield the modules of other packages, the licences, and a list of what is bundled."""
    yield "licenses/versioner.txt", _own_licence()
    for name, bundled in _BUNDLED.items():
        found = _distribution(name)
        yield f"licenses/{name}.txt", _licence(found)
        if bundled is None:
            continue
        for path in Path(str(found.locate_file(bundled.package))).glob("*.py"):
            if bundled.has(path.name):
                yield f"{bundled.package}/{path.name}", path.read_bytes()
    facts = {"commands": [*RECORDER_COMMANDS], "packages": bundled_versions()}
    yield "recorder.json", (json.dumps(facts, indent=2) + "\n").encode("ascii")


def _distribution(name: str) -> Distribution:
    try:
        return distribution(name)
    except PackageNotFoundError:
        raise OperationFailed(
            f'the package "{name}", which the recorder contains, is not installed',
            hint=f"run pip install {name}",
        ) from None


def _licence(found: Distribution) -> bytes:
    """Return the licences of a package, as far as its installation has them."""
    paths = sorted(
        str(each)
        for each in found.files or ()
        if ".dist-info/" in str(each) and "LICENSE" in each.name.upper()
    )
    texts = [Path(str(found.locate_file(path))).read_bytes() for path in paths]
    if not texts:
        texts = [f"{found.metadata['License-Expression'] or found.metadata['License']}\n".encode()]
    return b"\n".join(texts)


def _own_licence() -> bytes:
    # In a checkout beside the package; a wheel has it in its metadata.
    beside = package_dir().parent / "LICENSE"
    return _text(beside) if beside.is_file() else _licence(_distribution("versioner"))


def _text(path: Path) -> bytes:
    # A checkout may have converted the ends of lines.
    return path.read_bytes().replace(b"\r\n", b"\n")
