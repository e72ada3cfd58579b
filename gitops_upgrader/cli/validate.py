"""`gitops-upgrader validate`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
from rich.text import Text

from gitops_upgrader.api import GROUP
from gitops_upgrader.cli import options
from gitops_upgrader.cli.run import DONE, FAILED, note
from gitops_upgrader.cli.streams import one_line, write_json, write_line
from gitops_upgrader.cli.terminal import output
from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.stores.directory import DirectoryStore
from gitops_upgrader.stores.validate import problems


@click.command(
    "validate",
    epilog="""\b
Examples:
  gitops-upgrader validate upgrades/
  gitops-upgrader validate upgrades/fleet.yaml -o json
""",
)
@click.argument("paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.output_option()
def command(paths: tuple[Path, ...], form: str) -> int:
    """Check custom resources, offline: every mistake with its file, line and field.

    Objects of other groups, such as Secrets and ConfigMaps, are read as far as ours refer to them.
    """
    store = DirectoryStore.load(paths)
    found = problems(store)
    ours = sum(item.key.group == GROUP for item in store.loaded)
    if form == "json":
        write_json({"apiVersion": "gitops-upgrader/v1", "ok": not found, "errors": [_error(error) for error in found]})
    else:
        console = output()
        for error in found:
            place = str(replace(error.where, object=None, field=None))
            shown = Text.assemble((one_line(place), "bold"), one_line(str(error).removeprefix(place)))
            console.print(shown, soft_wrap=not console.is_terminal)
        if not found:
            write_line(f"{ours} {'object' if ours == 1 else 'objects'}, no mistakes")
    if found:
        note(f"{len(found)} {'mistake' if len(found) == 1 else 'mistakes'}")
    return FAILED if found else DONE


def _error(error: UpgraderError) -> dict[str, str | int | None]:
    where = error.where
    return {
        "object": where.object,
        "reason": error.reason,
        "message": f"{error.message} {error.remedy}".rstrip(),
        "file": where.file,
        "line": where.line,
        "column": where.column,
        "field": where.field,
    }
