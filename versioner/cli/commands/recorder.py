"""versioner recorder: write the recorder, one file with what a CI job needs."""

from __future__ import annotations

from pathlib import Path

import click

from versioner.cli.params import examples_epilog, output_option

__all__ = ["recorder"]


@click.command(
    epilog=examples_epilog(
        "versioner recorder versioner.pyz",
        "python3 versioner.pyz track deployment --product user-service --environment production "
        "--version 1.4.0",
        keys="file, sha256, bytes, packages (by name, with their versions).",
    )
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@output_option
def recorder(file: Path, output: str) -> None:
    """Write FILE: the commands track, check and spool, for jobs without pip.

    FILE runs with Python 3.10 or newer and git alone. The same release of the tool, with the same
    versions of its packages, gives the same bytes, so that a job can pin it by its SHA-256. The
    site has the same file, as versioner.pyz.
    """
    from versioner.cli.output import show
    from versioner.recorder.archive import write_recorder
    from versioner.reporting.exports import recorder_json, recorder_text

    made = write_recorder(file)
    show(recorder_json(made, file) if output == "json" else recorder_text(made, file))
