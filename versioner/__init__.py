"""versioner: a deployment registry that is a git repository."""

__all__ = ["IS_RECORDER", "__version__"]

__version__ = "0.1.0"

# Whether this is the recorder (versioner.pyz): a part of the package, in a zip archive.
IS_RECORDER: bool = hasattr(__spec__.loader, "archive")
