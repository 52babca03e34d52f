"""versioner: a deployment registry that is a git repository."""

__all__ = ["__version__"]

__version__ = "0.1.0"
