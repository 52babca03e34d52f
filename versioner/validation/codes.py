"""The codes of the problems that `validate` reports: few, stable, and documented.

The page `versioner/docs/exit-codes-and-errors.md` lists them in the words of `CODES`.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ALIAS",
    "ARTIFACT_CONFLICT",
    "BUTTON",
    "CASE_TWIN",
    "CLOCK",
    "CODES",
    "CYCLE",
    "DECISION",
    "DELETED",
    "DEPENDS_ON",
    "DEPLOYMENT",
    "DUPLICATE_ID",
    "DUPLICATE_KEY",
    "ENCODING",
    "ENVIRONMENT",
    "GROUP",
    "HISTORY_ADDED",
    "HISTORY_CHANGED",
    "HISTORY_MISSING",
    "HISTORY_ORDER",
    "LINK",
    "MISSING",
    "MONTH",
    "NAME",
    "NOT_CANONICAL",
    "PRODUCT",
    "RECURRENCE",
    "REQUEST",
    "REQUIRED",
    "RETYPED",
    "RULE_BLOCK",
    "SCHEMA_DRIFT",
    "SCOPE",
    "SECRET",
    "SHA_CONFLICT",
    "SIGNERS",
    "SIZE",
    "SOAK",
    "TIME_ZONE",
    "TYPE",
    "UNEXPECTED_FILE",
    "UNKNOWN_KEY",
    "VALUE",
    "VERSION",
    "VOID",
    "WINDOW",
    "YAML",
]

# One file.
YAML: Final = "yaml"
ENCODING: Final = "encoding"
SIZE: Final = "size"
DUPLICATE_KEY: Final = "duplicate-key"
UNKNOWN_KEY: Final = "unknown-key"
REQUIRED: Final = "required"
TYPE: Final = "type"
RETYPED: Final = "retyped"
VALUE: Final = "value"
NAME: Final = "name"
VERSION: Final = "version"
SECRET: Final = "secret"  # noqa: S105 - the name of a problem
MONTH: Final = "month"
DUPLICATE_ID: Final = "duplicate-id"
NOT_CANONICAL: Final = "not-canonical"

# Rules.
RULE_BLOCK: Final = "rule-block"
TIME_ZONE: Final = "time-zone"
RECURRENCE: Final = "recurrence"
SOAK: Final = "soak"
SCOPE: Final = "scope"
GROUP: Final = "group"

# Across files.
ENVIRONMENT: Final = "environment"
DEPENDS_ON: Final = "depends-on"
PRODUCT: Final = "product"
WINDOW: Final = "window"
REQUEST: Final = "request"
DECISION: Final = "decision"
SIGNERS: Final = "signers"
CYCLE: Final = "cycle"
BUTTON: Final = "button"
ALIAS: Final = "alias"
DELETED: Final = "deleted"
SHA_CONFLICT: Final = "sha-conflict"
ARTIFACT_CONFLICT: Final = "artifact-conflict"
CASE_TWIN: Final = "case-twin"
VOID: Final = "void"
DEPLOYMENT: Final = "deployment"
CLOCK: Final = "clock"
MISSING: Final = "missing-file"
UNEXPECTED_FILE: Final = "unexpected-file"
LINK: Final = "link"
SCHEMA_DRIFT: Final = "schema-drift"

# Against the history.
HISTORY_MISSING: Final = "history-missing"
HISTORY_CHANGED: Final = "history-changed"
HISTORY_ORDER: Final = "history-order"
HISTORY_ADDED: Final = "history-added"

CODES: Final[dict[str, str]] = {
    YAML: "not strict YAML: a syntax error, an anchor, alias, tag, directive, second document "
    "or deep nesting",
    ENCODING: "bytes that are not UTF-8, a byte order mark, or a control character",
    SIZE: "a file, a line or metadata over its size limit",
    DUPLICATE_KEY: "a key that occurs twice in one mapping",
    UNKNOWN_KEY: "a key that is not in the schema",
    REQUIRED: "a missing key that the schema requires",
    TYPE: "a value of a type that the schema does not allow",
    RETYPED: "an unquoted value that YAML reads as another type than text, or that loses digits as "
    "a number",
    VALUE: "a value that the schema does not allow",
    NAME: "a name that is not legal, or that differs from its file or directory",
    VERSION: "a version that is not legal",
    SECRET: "a value that looks like a secret key",
    MONTH: "an event in the file of another month",
    DUPLICATE_ID: "two events with the same id (in two products: a warning)",
    NOT_CANONICAL: "a log line that is not in canonical form (warning)",
    RULE_BLOCK: "a rule with the block of another type, or a schedule without exactly one of "
    "blocked and allowed",
    TIME_ZONE: "a time zone that does not exist",
    WINDOW: "a window that never occurs, or with a day that does not exist",
    RECURRENCE: "a recurrence rule that is not one of RFC 5545, or that its start does not fit",
    SOAK: "a soak time in an environment that the rule does not lead through",
    SCOPE: "a rule that applies to no product or environment there is (warning)",
    GROUP: "a type of approval that has no group while others have one (warning)",
    ENVIRONMENT: "an environment that does not exist",
    DEPENDS_ON: "a dependency on a product that does not exist",
    PRODUCT: "a product that does not exist, in a request or a template",
    REQUEST: "a request that is open without versions or environments, or whose order names a "
    "product twice or one that it does not hold",
    DECISION: "a decision that counts for nothing: about a version that no event names, by "
    "somebody outside the group, of a type without a slot, on a step that does not exist, or on "
    "content that the request never had (warning)",
    SIGNERS: "a line of registry/allowed_signers without a key, or whose principal is a pattern "
    "(warning)",
    CYCLE: "products that depend on each other in a cycle",
    BUTTON: "a button with a missing variable, an environment that does not exist, or no address",
    ALIAS: "an alias that does not lead to a product, or has the name of one; a former name of two "
    "environments, or that is the name of one",
    DELETED: "a deletion record of a product that exists",
    SHA_CONFLICT: "one version with two commits",
    ARTIFACT_CONFLICT: "one version with two digests of one artifact",
    CASE_TWIN: "two versions that differ only in case",
    VOID: "a void event for an event that does not exist",
    DEPLOYMENT: "an event of a deployment that does not exist",
    CLOCK: "an event in the future (warning)",
    MISSING: "a required file that does not exist",
    UNEXPECTED_FILE: "a file that does not belong in a registry",
    LINK: "a symbolic link, a submodule or a special file",
    SCHEMA_DRIFT: "a copy of the schemas that differs from the tool's (warning)",
    HISTORY_MISSING: "an event of the base revision that no longer exists",
    HISTORY_CHANGED: "an event that differs from the base revision",
    HISTORY_ORDER: "events in another order than in the base revision",
    HISTORY_ADDED: "an event that the base revision does not have, in a change by people",
}
