"""JSON of others, read strictly: what two readers could take for two things is refused."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

__all__ = ["read_json"]


def read_json(data: bytes) -> Any:
    """Return the value of a JSON text in UTF-8; raise JSONDecodeError for any other bytes.

    So it does for a key that an object has twice, for NaN and infinity, for a number of thousands
    of digits, and for what is nested more deeply than Python can read.
    """
    try:
        return json.loads(
            data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_number
        )
    except json.JSONDecodeError:
        raise
    except RecursionError:
        raise _fault("it is nested too deeply") from None
    except UnicodeDecodeError:
        raise _fault("it is not in UTF-8") from None
    except ValueError:
        raise _fault("a number in it is too long") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        twice = next(key for key, number in counts.items() if number > 1)
        raise _fault(f"an object has the key {json.dumps(twice[:60])} twice")
    return found


def _no_number(name: str) -> NoReturn:
    raise _fault(f"{name} is no number of JSON")


def _fault(text: str) -> json.JSONDecodeError:
    return json.JSONDecodeError(text, "", 0)
