"""Check names, versions and status words, and suggest similar valid ones.

The two patterns are those of `schemas/common.schema.json`. They are written for `fullmatch`:
`$` alone accepts a final newline.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from versioner.errors import InvalidInput
from versioner.models.status_words import STATUS_WORDS
from versioner.secret_scanning import holds_secret

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from versioner.models import EnvironmentType, EventKind, EventStatus

__all__ = [
    "INSTANCE_PATTERN",
    "NAME_LIMIT",
    "NAME_PATTERN",
    "NAME_RULE",
    "TYPE_ORDER",
    "VERSION_PATTERN",
    "canonical_status",
    "check_instance",
    "check_name",
    "check_version",
    "environment_type",
    "is_missing",
    "is_moving",
    "is_name",
    "is_version",
    "may_slugify",
    "nearest",
    "slugify",
    "title_of",
]

NAME_LIMIT: Final = 63
VERSION_LIMIT: Final = 128

# Names are directories. They may be what Docker, Kubernetes and DNS accept, except for the
# names that Windows and git reserve.
NAME_PATTERN: Final = (
    r"(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|git)$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
# An instance is no directory; a part of a file's name at most, on Windows too.
INSTANCE_PATTERN: Final = (
    r"(?!.*\.\.)(?!(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|git)(?:\.|$))"
    r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?"
)
VERSION_PATTERN: Final = (
    r"(?!.*(?:\.\.|//|/\./))(?!.*(?:[./:]|\.lock)$)"
    r"(?!(?:.*/)?(?:[cC][oO][nN]|[pP][rR][nN]|[aA][uU][xX]|[nN][uU][lL]"
    r"|[cC][oO][mM][0-9]|[lL][pP][tT][0-9])(?:/|$))"
    r"[A-Za-z0-9][A-Za-z0-9._+/:~@-]{0,127}"
)

# Written as in the schema, which is checked next: re then compiles each pattern only once.
_NAME: Final = rf"^(?:{NAME_PATTERN})$(?!\n)"
_INSTANCE: Final = rf"^(?:{INSTANCE_PATTERN})$(?!\n)"
_VERSION: Final = rf"^(?:{VERSION_PATTERN})$(?!\n)"
NAME_RULE: Final = (
    f"use lower-case letters, digits and inner hyphens, at most {NAME_LIMIT} characters"
)
INSTANCE_RULE: Final = (
    "use lower-case letters, digits and inner hyphens, dots and underscores, "
    f"at most {NAME_LIMIT} characters"
)
VERSION_RULE: Final = (
    "begin with a letter or digit, then letters, digits and . _ + - / : ~ @, "
    f"at most {VERSION_LIMIT} characters"
)

TYPE_ORDER: Final[Mapping[EnvironmentType, int]] = {
    "dev": 100,
    "test": 200,
    "staging": 300,
    "production": 400,
    "other": 500,
}

# How shells, CI systems and templates write a variable: `${X}`, `$(X)`, `$X`, `{{x}}`, `%X%`,
# `#{x}`, `<x>`, `@x@`, `__x__`.
_UNEXPANDED: Final = r"\$[{(\w]|\{\{|#\{|%\w+%|^<.+>$|^@.+@$|^__\w+__$"
_NOT_EXPANDED: Final = "it holds a variable that was not replaced by its value"
_EXPANSION_HINT: Final = (
    'a shell replaces no variable in single quotes, and a CI system writes its own as "${X}", '
    '"$(X)" or "{{ x }}": correct the expression, or set the variable in this step'
)

# What scripts print for a missing value, and words that move from version to version.
_MISSING_WORDS: Final = frozenset(("null", "undefined", "none", "nil", "nan", "unknown", "unset"))
# Signs that separate words, each as a slash; a pattern takes longer to compile than to match.
_BETWEEN: Final = str.maketrans("-._+:~@", "/" * 7)
_MOVING_WORDS: Final = frozenset(("latest", "head"))

_TYPE_WORDS: Final[Mapping[str, EnvironmentType]] = {
    **dict.fromkeys(("dev", "development", "local", "sandbox"), "dev"),
    **dict.fromkeys(("test", "testing", "qa", "integration"), "test"),
    **dict.fromkeys(("staging", "stage", "uat", "preprod"), "staging"),
    **dict.fromkeys(("production", "prod", "live"), "production"),
}


def is_name(value: object) -> bool:
    """Return whether a value is a legal product or environment name."""
    return isinstance(value, str) and re.search(_NAME, value) is not None


def is_version(value: object) -> bool:
    """Return whether a value is a legal version."""
    return isinstance(value, str) and re.search(_VERSION, value) is not None


def check_name(value: str, what: str) -> str:
    """Return a legal name; raise InvalidInput for another, with the nearest legal one as the hint.

    `what` is "product" or "environment"; it is the field that the error names.
    """
    if is_name(value):
        return value
    if unexpanded(value):
        raise InvalidInput(
            f"{_shown(value)} is not a legal {what} name: {_NOT_EXPANDED}",
            field=what,
            hint=_EXPANSION_HINT,
        )
    suggestion = slugify(value) if isinstance(value, str) and not holds_secret(value) else ""
    hint = f"did you mean {suggestion}? {NAME_RULE}" if suggestion else NAME_RULE
    raise InvalidInput(f"{_shown(value)} is not a legal {what} name", field=what, hint=hint)


def check_instance(value: str) -> str:
    """Return a legal name of an instance; raise InvalidInput for another, with a legal one."""
    if re.search(_INSTANCE, value) is not None:
        return value
    if unexpanded(value):
        raise InvalidInput(
            f"{_shown(value)} is not a legal name of an instance: {_NOT_EXPANDED}",
            field="instance",
            hint=_EXPANSION_HINT,
        )
    lower = value.strip().lower()
    near = lower if re.search(_INSTANCE, lower) is not None else slugify(value)
    suggestion = f"did you mean {near}? " if near and not holds_secret(value) else ""
    raise InvalidInput(
        f"{_shown(value)} is not a legal name of an instance",
        field="instance",
        hint=f"{suggestion}{INSTANCE_RULE}",
    )


def check_version(value: str) -> str:
    """Return a legal version; raise InvalidInput for another, with the rule that it breaks."""
    if is_version(value):
        return value
    raise InvalidInput(
        f"{_shown(value)} is not a legal version: {_version_fault(value)}",
        field="version",
        hint=_EXPANSION_HINT if unexpanded(value) else VERSION_RULE,
    )


def unexpanded(value: object) -> bool:
    """Return whether a value holds a variable of a shell, a CI system or a template."""
    return isinstance(value, str) and re.search(_UNEXPANDED, value) is not None


def is_moving(version: str) -> bool:
    """Return whether a version is a word that stands for another version later."""
    return version.lower() in _MOVING_WORDS


def is_missing(value: str) -> bool:
    """Return whether a name or version has a word that scripts print for a missing value."""
    word = value.lower()
    return word == "v" or not _MISSING_WORDS.isdisjoint(word.translate(_BETWEEN).split("/"))


def slugify(value: str) -> str:
    """Return the nearest legal name, or "" if there is none.

    A legal name stays unchanged, so that two legal names never become one.
    """
    if is_name(value):
        return value
    text = value[:4096]
    if not text.isascii():
        import unicodedata

        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    name = re.sub(r"[^a-z0-9]+", "-", text.lower().replace("'", "")).strip("-")
    name = name[:NAME_LIMIT].rstrip("-")
    return name if not name or is_name(name) else f"{name}-1"


def may_slugify(value: str) -> bool:
    """Return whether `names: slugify` applies: ASCII letters, digits, space and `. _ - /`."""
    return re.fullmatch(r"[A-Za-z0-9 ._/-]+", value) is not None and slugify(value) != ""


def title_of(given: str) -> str:
    """Return a name as it was given as a title, "" for one that no title may be.

    A title is one line of at most 255 characters.
    """
    pattern = "[^\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]{1,255}"
    return given if re.fullmatch(pattern, given) else ""


def nearest(word: str, known: Iterable[str], limit: int = 3) -> list[str]:
    """Return the known words most like a mistyped one, best first."""
    from difflib import get_close_matches

    folded: dict[str, str] = {}
    for item in known:
        folded.setdefault(item.casefold(), item)
    found = get_close_matches(word[:200].casefold(), folded, n=limit, cutoff=0.6)
    return [folded[item] for item in found]


def environment_type(name: str) -> EnvironmentType:
    """Return the environment type that the first known word of a name stands for, else `other`."""
    for word in re.split(r"[-_.]", name.lower()):
        if word in _TYPE_WORDS:
            return _TYPE_WORDS[word]
    return "other"


def canonical_status(word: str, kind: EventKind) -> EventStatus:
    """Return the status of a word in any case; raise InvalidInput for an unknown word.

    Hyphens, underscores and spaces do not count: `In Progress` and `inProgress` are one word.
    """
    words = STATUS_WORDS[kind]
    asked = word.strip().lower().removeprefix(f"{kind}.")
    status = words.get(asked) or _joined_words(kind).get(_joined(asked))
    if status is not None:
        return status
    if unexpanded(word):
        raise InvalidInput(
            f"{_shown(word)} is not a {kind} status: {_NOT_EXPANDED}",
            field="status",
            hint=_EXPANSION_HINT,
        )
    close = _mistyped(_joined(asked), words)
    meant = f"did you mean {close}? " if close else ""
    usual = dict.fromkeys(words.values())
    raise InvalidInput(
        f"{_shown(word)} is not a {kind} status",
        field="status",
        hint=f"{meant}use one of {', '.join(usual)}",
    )


def _joined(word: str) -> str:
    return re.sub(r"[-_\s]+", "", word)


_JOINED: Final[dict[EventKind, dict[str, EventStatus]]] = {}


def _joined_words(kind: EventKind) -> Mapping[str, EventStatus]:
    """Return the words of a kind without separators; made once, where one is needed."""
    if kind not in _JOINED:
        _JOINED[kind] = {_joined(word): status for word, status in STATUS_WORDS[kind].items()}
    return _JOINED[kind]


def _mistyped(joined: str, words: Mapping[str, EventStatus]) -> str:
    """Return the word that one slip turned into another, or "" where that leaves a doubt.

    A similar word may have another meaning: "unsuccessful", "incomplete".
    """
    close = [word for word in words if len(joined) > 3 and _is_slip(joined, _joined(word))]
    return close[0] if len({words[word] for word in close}) == 1 else ""


def _is_slip(typed: str, word: str) -> bool:
    """Return whether one letter is missing, too many, another one, or two are swapped."""
    while typed and word and typed[0] == word[0]:
        typed, word = typed[1:], word[1:]
    while typed and word and typed[-1] == word[-1]:
        typed, word = typed[:-1], word[:-1]
    return max(len(typed), len(word)) <= 1 or (len(typed) == 2 and typed == word[::-1])


def _shown(value: object) -> str:
    # Shortened and escaped, because the message may reach a terminal.
    text = "a text that looks like a secret key"
    if not (isinstance(value, str) and holds_secret(value)):
        text = f'"{ascii(value)[1:-1]}"' if isinstance(value, str) else ascii(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _version_fault(value: object) -> str:
    if not isinstance(value, str):
        return "it is not text"
    if not value:
        return "it is empty"
    if len(value) > VERSION_LIMIT:
        return f"it has {len(value)} characters, more than {VERSION_LIMIT}"
    if unexpanded(value):
        return _NOT_EXPANDED
    if not re.match(r"[A-Za-z0-9]", value):
        return "it does not begin with an ASCII letter or digit"
    other = re.search(r"[^A-Za-z0-9._+/:~@-]", value)
    if other:
        return f"{other[0]!a} is not allowed in it"
    if ".." in value or "//" in value or "/./" in value:
        return "it has an empty or dot part"
    if value.endswith((".", "/", ":", ".lock")):
        return "it ends in . or / or : or .lock"
    return "a part of it is a Windows device name"
