"""`gitops-upgrader locate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import click
from rich.text import Text

from gitops_upgrader.cli import options, palette
from gitops_upgrader.cli.base_branch import note_unpushed
from gitops_upgrader.cli.hints import nearest_cluster
from gitops_upgrader.cli.run import DONE, FAILED, note, say
from gitops_upgrader.cli.streams import printable, write_json
from gitops_upgrader.cli.table import print_table
from gitops_upgrader.cli.terminal import output, progress
from gitops_upgrader.errors import ClusterNotFound, ManifestError, TemplatedValue
from gitops_upgrader.manifests import Extent, Found, Manifests, Query, Step
from gitops_upgrader.manifests.cluster import is_expression
from gitops_upgrader.manifests.image_variable import Candidate, image
from gitops_upgrader.manifests.locate import CHECK_NAME
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.repository import from_command_line

_WAY: Final = "where its version is"
_EXPLAINED: Final = 3  # for each of them all files are looked through
_UNREAD: Final = 10


@click.command(
    "locate",
    epilog="""\b
Examples:
  gitops-upgrader locate --repo .
  gitops-upgrader locate --repo . --cluster fleet/prod-1 -o json
""",
)
@click.option("--cluster", "name", metavar="[NAMESPACE/]NAME", help="Show this cluster only.")
@click.option("--path", "paths", multiple=True, metavar="GLOB", help="Show clusters of these files and layers only.")
@options.reading_options("With 'local', a checkout's own branches are read, not those of its remote.")
@options.output_option()
def command(
    name: str | None,
    paths: tuple[str, ...],
    given: options.GivenRepository,
    form: str,
) -> int:
    """Show where each cluster's version and image are kept: file, line and shape.

    Nothing is changed. A cluster whose place cannot be edited is shown with the reason, and what settles it. The image
    is a guess from the names and values of the topology's variables. With --cluster, it also says where it looked and
    why it chose the place.
    """
    options.exactly_one({"--repo": given.repo is not None}, "For example: gitops-upgrader locate --repo .")
    if name is not None:
        options.named_cluster(name)
    line = given.line(provider="none")
    access = from_command_line(line, reads_only=True)
    with Workspaces(line, options.now) as workspaces, progress() as told:
        told("looking for clusters")
        manifests = workspaces.get(access).manifests(())
        note_unpushed(workspaces)
        ways: dict[int, tuple[Step, ...]] = {}
        if name is None:
            found = _settled(manifests, manifests.clusters(paths), paths)
            _note_unread(manifests.passed_over())
        else:
            found, ways = _explained(manifests, name, paths)
    if not found:
        note(f"note: {_nothing(manifests.extent(paths), paths)}")
    if form == "json":
        clusters = [_cluster(item, ways.get(index)) for index, item in enumerate(found)]
        write_json({"apiVersion": "gitops-upgrader/v1", "clusters": clusters})
    else:
        if found:
            _print_table(found)
        _print_ways(found, ways)
    refused = [item for item in found if item.refusal is not None]
    for item in refused:
        say(f"error: {item.namespace or '-'}/{item.name}: {item.refusal}")
    return FAILED if refused else DONE


def _settled(manifests: Manifests, found: tuple[Found, ...], paths: Sequence[str]) -> tuple[Found, ...]:
    """The same; what refuses a templated one says what would settle it, for as many as there is time for."""
    made = list(found)
    templated = [index for index, item in enumerate(found) if isinstance(item.refusal, TemplatedValue)]
    for index in templated[:_EXPLAINED]:
        item = found[index]
        nameless = is_expression(item.name)
        try:
            manifests.locate(_query(item, (item.file,) if nameless else paths))
        except ManifestError as error:
            if isinstance(error, TemplatedValue) or not nameless:
                made[index] = replace(item, refusal=error)
    if (more := len(templated) - _EXPLAINED) > 0:
        note(f"note: {more} more are templated. With --cluster, locate looks for what fills them too.")
    return tuple(made)


def _note_unread(unread: Sequence[ManifestError]) -> None:
    """Say which files seem to hold clusters, or to deploy some, and could not be read."""
    for error in unread[:_UNREAD]:
        note(f"note: left out: {printable(str(error))}")
    if (more := len(unread) - _UNREAD) > 0:
        note(f"note: left out: {more} more.")


def _nothing(extent: Extent, paths: Sequence[str]) -> str:
    """What to say where no cluster is found: where was looked, and what is not looked at."""
    below = f" below {' or '.join(paths)}" if paths else ""
    links = f" {extent.links} symbolic links and submodules are not followed." if extent.links else ""
    return (
        f"no Cluster with a topology is in the {extent.manifests} YAML and JSON files (of {extent.files} files){below} "
        f"on the base branch. What is not committed there is not looked at, nor are Clusters without a "
        f"ClusterClass.{links}"
    )


def _query(item: Found, paths: Sequence[str]) -> Query:
    owner = f"cluster/{item.namespace or '-'}/{item.name}"
    return Query(item.name, item.namespace or None, owner, paths=tuple(paths))


def _explained(
    manifests: Manifests, name: str, paths: Sequence[str]
) -> tuple[tuple[Found, ...], dict[int, tuple[Step, ...]]]:
    """The clusters of a name, with the way to the place of each; what refuses one says what would settle it."""
    chosen = list(_named(manifests, name, paths))
    ways: dict[int, tuple[Step, ...]] = {}
    for index, item in enumerate(chosen):
        try:
            located = manifests.locate(_query(item, paths))
            chosen[index] = replace(item, place=located.version, version=located.version_text)
            ways[index] = located.trail
        except ManifestError as error:
            chosen[index] = replace(item, refusal=error)
            ways[index] = tuple(step for step in error.trail if isinstance(step, Step))
    return tuple(chosen), ways


def _named(manifests: Manifests, name: str, paths: Sequence[str]) -> Sequence[Found]:
    """The clusters of a name; where a file that may hold it cannot be read, those of the others."""
    namespace, _, bare = name.rpartition("/")
    try:
        if quickly := manifests.named(bare, namespace or None, paths):
            return quickly
    except ManifestError:
        pass  # all clusters are looked at, and the search for the way says what is the matter
    everything = manifests.clusters(paths)
    found = [item for item in everything if item.name == bare and item.namespace in {"", namespace or item.namespace}]
    if not found:
        raise _not_there(manifests, everything, name, paths)
    return found


def _not_there(manifests: Manifests, everything: Sequence[Found], name: str, paths: Sequence[str]) -> ManifestError:
    """Why there is no such cluster: its manifest may be made from values that are somewhere else."""
    namespace, _, bare = name.rpartition("/")
    near, hint = nearest_cluster(name, everything), ""
    try:
        manifests.locate(Query(bare, namespace or None, paths=tuple(paths)))
    except ClusterNotFound as error:
        hint = error.remedy.removeprefix(CHECK_NAME)
    except ManifestError as error:
        return error
    remedy = f"Run it without --cluster to see what there is.{hint}"
    return ClusterNotFound(f"No file has a Cluster {name}.{near}", remedy=remedy)


def _cluster(item: Found, way: Sequence[Step] | None) -> dict[str, Any]:
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
        "trail": [_step(step) for step in way] if way is not None else None,
    }


def _variable(found: Candidate) -> dict[str, Any]:
    """An entry of an upgrader's `topologyVariables`."""
    scope = found.want.scope
    where = {"scope": {scope.kind.value: scope.name or True}} if scope else {}
    return {"name": found.want.name, "path": found.want.path, **where}


def _step(step: Step) -> dict[str, Any]:
    return {"message": step.message, "file": step.file, "line": step.line}


def _print_ways(found: Sequence[Found], ways: Mapping[int, Sequence[Step]]) -> None:
    """Where was looked, step by step, for each cluster that was asked for."""
    for index, way in sorted(ways.items()):
        output().print()
        output().print(Text(printable(f"{found[index].namespace or '-'}/{found[index].name}: {_WAY}"), style="bold"))
        for step in way:
            output().print(Text(f"  {printable(str(step))}"))


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
