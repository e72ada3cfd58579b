"""`gitops-upgrader locate`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
from rich.text import Text

from gitops_upgrader.cli import options, palette
from gitops_upgrader.cli.hints import nearest_cluster
from gitops_upgrader.cli.run import DONE, FAILED, say
from gitops_upgrader.cli.table import print_table
from gitops_upgrader.cli.terminal import output, print_json, printable, progress
from gitops_upgrader.errors import ClusterNotFound
from gitops_upgrader.manifests import Found
from gitops_upgrader.manifests.image_variable import Candidate, image
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.repository import from_command_line


@click.command(
    "locate",
    epilog="""\b
Examples:
  gitops-upgrader locate --repo .
  gitops-upgrader locate --repo . --cluster fleet/prod-1 -o json
""",
)
@click.option("--cluster", "name", metavar="[NAMESPACE/]NAME", help="Show this cluster only.")
@click.option("--path", "paths", multiple=True, metavar="GLOB", help="Look in these files only.")
@options.repository_options
@click.option(
    "-o", "--output", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="The form."
)
def command(
    name: str | None,
    paths: tuple[str, ...],
    repo: str | None,
    branch: str | None,
    provider: str | None,
    instance: str | None,
    form: str,
) -> int:
    """Show where each cluster's version and image are kept: file, line and shape.

    Nothing is changed. A cluster whose place cannot be edited is shown with the reason, and what settles it. The image
    is a guess from the names and values of the topology's variables.
    """
    options.exactly_one({"--repo": repo is not None}, "For example: gitops-upgrader locate --repo .")
    line = options.command_line(repo, branch, provider or "none", instance)
    with Workspaces(line, options.now) as workspaces, progress() as told:
        told("looking for clusters")
        found = _chosen(workspaces.get(from_command_line(line)).manifests(paths).clusters(), name)
    if form == "json":
        print_json({"apiVersion": "gitops-upgrader/v1", "clusters": [_cluster(item) for item in found]})
    else:
        _print_table(found)
    refused = [item for item in found if item.refusal is not None]
    for item in refused:
        say(f"error: {item.namespace or '-'}/{item.name}: {item.refusal}")
    return FAILED if refused else DONE


def _chosen(found: Sequence[Found], name: str | None) -> list[Found]:
    if name is None:
        return list(found)
    namespace, _, bare = name.rpartition("/")
    chosen = [item for item in found if item.name == bare and item.namespace in {"", namespace or item.namespace}]
    if not chosen:
        near = nearest_cluster(name, found)
        raise ClusterNotFound(
            f"No file has a Cluster {name}.{near}", remedy="Run it without --cluster to see what there is."
        )
    return chosen


def _cluster(item: Found) -> dict[str, Any]:
    place, found = item.place, image(item)
    return {
        "cluster": f"{item.namespace or '-'}/{item.name}",
        "name": item.name,
        "namespace": item.namespace or None,
        "version": item.version,
        "image": found.text if found else None,
        "imageVariable": _variable(found) if found else None,
        "class": item.cls,
        "variables": dict(item.variables),
        "shape": item.shape.value if item.shape else None,
        "file": place.file if place else item.file,
        "line": place.line if place else item.line,
        "document": place.document if place else item.document,
        "pointer": place.pointer if place else None,
        "refusal": {"reason": item.refusal.reason, "message": str(item.refusal)} if item.refusal else None,
    }


def _variable(found: Candidate) -> dict[str, Any]:
    """An entry of an upgrader's `topologyVariables`."""
    scope = found.want.scope
    where = {"scope": {scope.kind.value: scope.name or True}} if scope else {}
    return {"name": found.want.name, "path": found.want.path, **where}


def _print_table(found: Sequence[Found]) -> None:
    print_table(output(), ("CLUSTER", "VERSION", "SHAPE", "PLACE", "IMAGE"), [_row(item) for item in found])


def _row(item: Found) -> tuple[Text, ...]:
    place, held = item.place or item, image(item)
    refusal = Text(item.refusal.reason, style=palette.BAD) if item.refusal else None
    return (
        Text(printable(f"{item.namespace or '-'}/{item.name}")),
        Text(printable(item.version or "?")),
        refusal or Text(item.shape.value if item.shape else ""),
        Text(printable(f"{place.file}:{place.line}")),
        Text(printable(held.text if held else "-")),
    )
