"""`gitops-upgrader crds`."""

from __future__ import annotations

from pathlib import Path

import click

from gitops_upgrader.api.crds import crds
from gitops_upgrader.cli.streams import write_document
from gitops_upgrader.errors import UnreadableFile, Where


@click.command(
    "crds",
    epilog="""\b
Examples:
  gitops-upgrader crds | kubectl apply --server-side -f -
  gitops-upgrader crds --output crds
""",
)
@click.option(
    "--output",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Write a file for each kind into this folder, instead of printing them all.",
)
def command(folder: Path | None) -> None:
    """Print the custom resource definitions, for kubectl apply."""
    if folder is None:
        write_document("---\n".join(crds().values()))
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in crds().items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UnreadableFile(
            f"It cannot be written: {error.strerror}.", where=Where(file=str(folder)), remedy="Name another folder."
        ) from error
