"""Text as XML: escaped, and without the characters that XML forbids."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape

__all__ = ["attribute", "markup", "xml_text"]

# XML 1.0 forbids these even as character references.
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT: Final = "\ufffd"


def xml_text(text: str) -> str:
    """Return a text with a replacement character for each that XML 1.0 forbids."""
    return _ILLEGAL.sub(_REPLACEMENT, text)


def markup(text: str) -> str:
    """Return a text as the content of an XML element."""
    # An XML parser reads a bare carriage return as a line feed.
    return escape(xml_text(text), {"\r": "&#13;"})


def attribute(text: str) -> str:
    """Return a text as the value of an XML attribute, for use in double quotes."""
    spaces = {'"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
    return escape(xml_text(text), spaces)
