"""Example files, found by themselves: drop one into `positive/` or `negative/` and it is a test.

A file is named `<what it shows>.<schema>.yaml`. A negative one begins with a comment that says
where and how it fails: `# expect: <line>:<column> <code>`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from versioner.serialization.documents import DOCUMENT_SCHEMAS
from versioner.serialization.log import LOG_SCHEMAS
from versioner.validation.documents import validate_document
from versioner.validation.logs import validate_log

if TYPE_CHECKING:
    from versioner.models import Problem

FOLDER = Path(__file__).resolve().parent.parent / "examples"
POSITIVE = sorted((FOLDER / "positive").glob("*.yaml"))
NEGATIVE = sorted((FOLDER / "negative").glob("*.yaml"))

_DOCUMENTS = {schema: kind for kind, schema in DOCUMENT_SCHEMAS.items()}
_LOGS = {schema: kind for kind, schema in LOG_SCHEMAS.items()}


def schema_of(file: Path) -> str:
    return file.name.split(".")[1]


def validate(file: Path) -> tuple[Any, list[Problem]]:
    schema = schema_of(file)
    if schema in _LOGS:
        return validate_log(_LOGS[schema], file.read_bytes(), file.name)
    return validate_document(_DOCUMENTS[schema], file.read_bytes(), file.name)
