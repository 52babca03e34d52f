"""Tests of versioner/export/."""
