"""Text for files that programs read: without what their formats forbid."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape

__all__ = ["attribute", "markup", "xml_text"]

# What XML 1.0 forbids even as a character reference; lone surrogates are no text anywhere.
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT: Final = "\ufffd"


def xml_text(text: str) -> str:
    """Return a text with a replacement character for each that XML 1.0 forbids."""
    return _ILLEGAL.sub(_REPLACEMENT, text)


def markup(text: str) -> str:
    """Return a text as the content of an XML element."""
    # A bare carriage return would be read as a line feed.
    return escape(xml_text(text), {"\r": "&#13;"})


def attribute(text: str) -> str:
    """Return a text as an XML attribute's value, to stand between double quotes."""
    spaces = {'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
    return escape(xml_text(text), spaces)
