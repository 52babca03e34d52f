"""Attributes by which git converts files between a commit and the work tree."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from versioner.errors import OperationFailed
from versioner.git.state import read_regular

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ATTRIBUTES", "FOLDERS", "converts_content", "converts_line_ends"]

ATTRIBUTES: Final = ".gitattributes"
# The folders above the products whose attributes count.
FOLDERS: Final = ("", "registry/", "registry/products/")
_CONTENT: Final = r"(?:filter|ident|working-tree-encoding)(?:=.*)?"
_SUFFIX: Final = ".yaml"


def converts_content(path: Path) -> bool:
    """Return whether a file of attributes names one by which a YAML file's text is another."""
    return _names(path, _CONTENT)


def converts_line_ends(path: Path) -> bool:
    """Return whether a file of attributes names CRLF for a YAML file."""
    return _names(path, "eol=crlf")


def _names(path: Path, attribute: str) -> bool:
    try:
        text = read_regular(path)[0].decode("utf-8", "replace")
    except FileNotFoundError:
        return False
    except (OSError, OperationFailed):
        return True
    for line in text.splitlines():
        pattern, *attributes = line.split() or ("#",)
        if _may_match(pattern) and any(re.fullmatch(attribute, each) for each in attributes):
            return True
    return False


def _may_match(pattern: str) -> bool:
    """Return whether a pattern can match a YAML file: a comment cannot, a macro can."""
    if pattern.startswith(("[attr]", '"')):
        return True
    end = re.split(r"[*?\[\]\\]", pattern)[-1]
    return not pattern.startswith("#") and (end.endswith(_SUFFIX) or _SUFFIX.endswith(end))
