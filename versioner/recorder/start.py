"""The first module that versioner.pyz runs: `__main__.py` of the archive.

It is kept in a syntax that every Python reads, so that an old one prints one error. For Python
3.10 it adds what the modules use of the standard library of 3.11.
"""

import importlib
import sys

if sys.version_info < (3, 10):  # noqa: UP036 -- the file meets any Python
    sys.stderr.write(
        "error: versioner.pyz needs Python 3.10 or newer, and this is Python %d.%d\n"  # noqa: UP031
        "hint: run it with a newer one (python3.11 versioner.pyz ...), or use the image of one\n"
        % sys.version_info[:2]
    )
    sys.exit(1)

# The packages of this machine must not replace those of the archive, nor add compiled ones.
sys.path[1:] = [
    each for each in sys.path[1:] if "site-packages" not in each and "dist-packages" not in each
]

if sys.version_info < (3, 11):  # noqa: UP036
    import datetime
    import typing

    class _Datetime(datetime.datetime):
        """A date and time that is also read from a text that ends in Z."""

        @classmethod
        def fromisoformat(cls, text):
            return super().fromisoformat(text[:-1] + "+00:00" if text[-1:] == "Z" else text)

    datetime.UTC = datetime.timezone.utc  # noqa: UP017
    datetime.datetime = _Datetime
    # Only annotations have them, and these are never evaluated.
    typing.Self = typing.NotRequired = typing.Any

try:
    # By its name, because this module is above it in the archive and below it in the package.
    main = importlib.import_module("versioner.__main__").main
except Exception as error:  # a damaged archive fails in many ways
    sys.stderr.write(
        "error: versioner.pyz is damaged (" + type(error).__name__ + ")\n"
        "hint: compare its SHA-256 with the published one, and download it again\n"
    )
    sys.exit(1)

main()
