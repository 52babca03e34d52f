"""JSON without spaces, written by one encoder for all values.

`json.dumps` makes an encoder for each value, and looks in each list for itself, which takes longer
than writing the small values of events and rows.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["ascii_json", "compact_json", "sorted_json"]


def _encoder(*, is_ascii: bool, is_sorted: bool = False) -> Callable[[Any], str]:
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:  # pragma: no cover -- where Python has no C code
        return json.JSONEncoder(
            ensure_ascii=is_ascii, separators=(",", ":"), sort_keys=is_sorted, allow_nan=False
        ).encode
    text = json.encoder.encode_basestring_ascii if is_ascii else json.encoder.encode_basestring
    encode = make(None, None, text, None, ":", ",", is_sorted, False, False)
    return lambda value: "".join(encode(value, 0))


# All characters stand as they are; a lone surrogate cannot be encoded.
compact_json: Final = _encoder(is_ascii=False)
# Other characters are escaped, so that the text is ASCII.
ascii_json: Final = _encoder(is_ascii=True)
# The same with the keys in order: equal data gives equal texts.
sorted_json: Final = _encoder(is_ascii=True, is_sorted=True)
