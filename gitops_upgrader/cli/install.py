"""`gitops-upgrader install`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from gitops_upgrader.cli import options
from gitops_upgrader.cli.run import DONE, note
from gitops_upgrader.cli.streams import write_document


def namespace_name(_context: click.Context, _option: click.Parameter, value: str | tuple[str, ...]) -> object:
    """Check the name of a namespace, or each of several: a label as in RFC 1123. Raises BadParameter."""
    for name in (value,) if isinstance(value, str) else value:
        if not _NAME.fullmatch(name):
            raise click.BadParameter(
                f"{name!r} is no name of a namespace: at most 63 of a-z, 0-9 and -, a letter or digit at both ends."
            )
    return value


_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SPACE = re.compile(r"\s")


def image_name(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Check that a container image is named at all. Raises BadParameter."""
    if value is not None and (not value or _SPACE.search(value)):
        raise click.BadParameter(f"{value!r} names no container image.")
    return value


def shard_names(
    _context: click.Context, _option: click.Parameter, value: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """Read KEY=VALUE, several with one KEY, as the key and its values. Raises BadParameter."""
    keys, values = set(), []
    for text in value:
        match = _SHARD.fullmatch(text)
        if match is None:
            raise click.BadParameter(
                f"{text!r} names no shard: write KEY=VALUE, a label's key, and at most 40 of a-z, 0-9 and - with a "
                "letter or digit at both ends."
            )
        keys.add(match[1])
        values.append(match[2])
    if len(keys) > 1:
        raise click.BadParameter(f"one label splits a fleet, and these are {' and '.join(sorted(keys))}.")
    return "".join(keys), tuple(sorted(set(values)))


_SHARD = re.compile(
    r"((?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)"
    r"=([a-z0-9](?:[-a-z0-9]{0,38}[a-z0-9])?)"
)
"""A label's key (kubernetes.io/docs, "Labels and Selectors"), and a value that can be a part of a Deployment's name."""


@click.command(
    "install",
    epilog="""\b
Examples:
  gitops-upgrader install --image registry.example.com/upgrader:0.1.0 | kubectl apply --server-side -f -

\b
  # For the custom resources of two namespaces, with no right to look into others.
  gitops-upgrader install --watch-namespace fleet --watch-namespace lab > install.yaml

\b
  # Three Deployments: for the objects with this label's value red, for those with blue, and for all others.
  gitops-upgrader install --shard example.com/shard=red --shard example.com/shard=blue

\b
  # Look first whether another controller writes to the same custom resources.
  gitops-upgrader install --context management | kubectl diff -f -
""",
)
@click.option(
    "--image",
    callback=image_name,
    metavar="IMAGE",
    help="The container image, from the registry that you keep it in; by default gitops-upgrader:VERSION, in none.",
)
@click.option(
    "--namespace",
    default="gitops-upgrader",
    show_default=True,
    callback=namespace_name,
    metavar="NAME",
    help="Where the controller runs.",
)
@click.option(
    "--watch-namespace",
    "watched",
    multiple=True,
    callback=namespace_name,
    metavar="NAME",
    help="Watch this namespace only, with a Role in it instead of a ClusterRole. It must exist. Can be given again.",
)
@options.instance_option
@click.option(
    "--shard",
    "sharding",
    multiple=True,
    callback=shard_names,
    metavar="KEY=VALUE",
    help="A Deployment of its own for the objects with this label; one more is for all others. Can be given again.",
)
@click.option("--pod-monitor", is_flag=True, help="With a PodMonitor for the Prometheus operator.")
@click.option(
    "--context", metavar="NAME", help="Look at this kubeconfig context's cluster, and warn of other controllers."
)
@click.option(
    "--kubeconfig",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Look with this kubeconfig; without --context, at its current context.",
)
def command(
    image: str | None,
    namespace: str,
    watched: tuple[str, ...],
    instance: str | None,
    sharding: tuple[str, tuple[str, ...]],
    context: str | None,
    kubeconfig: Path | None,
    *,
    pod_monitor: bool,
) -> int:
    """Print everything that a management cluster needs to run the controller, for kubectl apply.

    Nothing is changed anywhere. With --context or --kubeconfig the cluster is read, and whoever writes the status of
    the custom resources there is named: upstream's controller has to end before this one begins.
    """
    from gitops_upgrader.runtime.installation import IMAGE, Installation, render

    key, shards = sharding
    chosen = Installation(
        image=image or IMAGE,
        namespace=namespace,
        watched=tuple(sorted(set(watched))),
        instance=instance,
        pod_monitor=pod_monitor,
        shard_key=key,
        shards=shards,
    )
    if context is not None or kubeconfig is not None:
        _warn(context, kubeconfig, chosen.watched)
    write_document(render(chosen))
    return DONE


def _warn(context: str | None, kubeconfig: Path | None, namespaces: tuple[str, ...]) -> None:
    """Tell of everybody else who writes the status of custom resources of ours. Raises KubernetesError."""
    from gitops_upgrader.api import GROUP, KINDS
    from gitops_upgrader.errors import KindNotInstalled
    from gitops_upgrader.stores.kubernetes import KubernetesStore
    from gitops_upgrader.stores.writers import other_writers

    store = KubernetesStore.connect(kubeconfig, context, namespaces=namespaces)
    try:
        for kind in KINDS:
            try:
                found = other_writers(store.list(GROUP, kind))
            except KindNotInstalled:
                continue  # this installs it
            for writer in found:
                note(
                    f"warning: {writer}. If it still runs, end it first: two controllers would undo each other's work."
                )
    finally:
        store.close()
