"""`gitops-upgrader uninstall`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_upgrader.cli.install import namespace_name
from gitops_upgrader.cli.run import DONE
from gitops_upgrader.cli.streams import printable, write_line

if TYPE_CHECKING:
    from gitops_upgrader.reports.removal import Removal


@click.command(
    "uninstall",
    epilog="""\b
Examples:
  gitops-upgrader uninstall
  gitops-upgrader uninstall --context management --namespace upgrades
  gitops-upgrader uninstall --context management --watch-namespace fleet --watch-namespace lab
""",
)
@click.option("--context", metavar="NAME", help="The context in the kubeconfig, where it is not the current one.")
@click.option("--kubeconfig", type=click.Path(path_type=Path), metavar="FILE", help="The file that names the cluster.")
@click.option(
    "--namespace",
    default="gitops-upgrader",
    show_default=True,
    callback=namespace_name,
    metavar="NAME",
    help="Where the controller runs, as `install` was told.",
)
@click.option(
    "--watch-namespace",
    "watched",
    multiple=True,
    callback=namespace_name,
    metavar="NAME",
    help="A namespace that it watches, as `install` was told. Can be given again.",
)
def command(context: str | None, kubeconfig: Path | None, namespace: str, watched: tuple[str, ...]) -> int:
    """Show what removing the controller takes along, what is lost with it, and the commands that do it.

    Nothing is deleted by this. The cluster is read, by default that of the current context.
    """
    from gitops_upgrader.reports.removal import commands

    watched = tuple(sorted(set(watched)))
    found = _found(context, kubeconfig, watched)
    kubectl = [
        "kubectl",
        *([f"--kubeconfig={kubeconfig}"] if kubeconfig else []),
        *([f"--context={context}"] if context else []),
    ]
    install = ["gitops-upgrader", "install", *([] if namespace == "gitops-upgrader" else [f"--namespace={namespace}"])]
    install += [f"--watch-namespace={name}" for name in watched]
    _print("What goes:", _going(found, namespace))
    _print("What is lost with it:", _lost(found, watched))
    _print("What stays:", ("Clusters, Git repositories, merged pull requests, the infrastructure's machine images",))
    write_line("To remove it, take the custom resources out of what Flux or Argo CD applies, if they do.")
    write_line("Then, while the controller still runs, one after the other:")
    for line in commands(found, kubectl, watched, install):
        write_line(f"  {line}")
    return DONE


def _found(context: str | None, kubeconfig: Path | None, namespaces: tuple[str, ...]) -> Removal:
    """What the cluster has of our kinds; a kind that is not installed has nothing. Raises KubernetesError."""
    from gitops_upgrader.api import GROUP, KINDS
    from gitops_upgrader.errors import KindNotInstalled
    from gitops_upgrader.reports.removal import removal
    from gitops_upgrader.stores.kubernetes import KubernetesStore
    from gitops_upgrader.stores.protocol import Stored

    store = KubernetesStore.connect(kubeconfig, context, namespaces=namespaces)
    objects: dict[str, tuple[Stored, ...]] = {}
    try:
        for kind in KINDS:
            try:
                objects[kind] = store.list(GROUP, kind)
            except KindNotInstalled:
                objects[kind] = ()
    finally:
        store.close()
    return removal(objects)


_SHOWN = 10
"""How many names of one kind are shown; the others are counted."""


def _going(found: Removal, namespace: str) -> Iterable[str]:
    for kind, names in found.objects.items():
        if names:
            yield f"{len(names)} {kind}: {_some(names)}"
    yield f"the namespace {namespace} with everything in it: the controller, and whatever else you keep there"
    yield "the custom resource definitions, the roles, and their bindings"


def _lost(found: Removal, watched: tuple[str, ...]) -> Iterable[str]:
    for pull in found.pulls:
        yield f"the pull request {pull.url} of {pull.upgrader} is closed, and its branch deleted"
    if found.held:
        yield (
            f"{_some(found.held)} can go only while the controller runs, as it closes pull requests first. Without it, "
            "kubectl waits until you remove the finalizer by hand"
        )
    for image in found.running:
        yield f"the build of {image} is ended, and what it has made so far is left behind in the infrastructure"
    for build in found.builds:
        yield f"that {build.version} was built as {build.id} is known to MachineImage {build.image} alone: note it down"
    if found.objects.get("ClusterClassClusterUpgrader"):
        yield "the history of hops in the statuses; Git keeps it in its commits, the forge in its pull requests"
    if watched:
        yield "objects of other namespaces as well: the definitions go for all of them, whoever else uses them"


def _some(names: tuple[str, ...]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def _print(title: str, lines: Iterable[str]) -> None:
    write_line(title)
    for line in tuple(lines) or ("nothing",):
        write_line(f"  - {printable(line)}.")
    write_line()
