"""The recorder: versioner.pyz."""
