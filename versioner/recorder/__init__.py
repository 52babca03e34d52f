"""The recorder: `track`, `check` and `spool` with all that they need, as one file.

`versioner.pyz` is a zip archive that Python runs. It has no site, no editing of files and no
compiled module, so that a job needs Python and git alone.
"""
