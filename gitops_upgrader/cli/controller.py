"""`gitops-upgrader controller`."""

from __future__ import annotations

import os
import signal
import threading
from datetime import timedelta
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from gitops_upgrader.api import durations
from gitops_upgrader.cli import options
from gitops_upgrader.cli.run import DONE
from gitops_upgrader.cli.verbosity import Verbosity, current
from gitops_upgrader.errors import UsageError

if TYPE_CHECKING:
    from gitops_upgrader.runtime.election import Terms


def duration(text: str) -> timedelta:
    """Read a duration as Kubernetes' programs write it: `30s`, `1h30m`. Raises BadParameter."""
    try:
        return durations.parse(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}.") from error


@click.command(
    "controller",
    epilog="""\b
Examples:
  # In a Pod, as `gitops-upgrader install` sets it up.
  gitops-upgrader controller --cache-dir /cache

\b
  # On your own machine, for one namespace, as yourself.
  gitops-upgrader controller --context kind-fleet --namespace fleet --no-leader-elect --log-level debug

\b
  # One shard of a large fleet, as `gitops-upgrader install --shard` sets it up.
  gitops-upgrader controller --watch-label-selector example.com/shard=red --lease-name gitops-upgrader-red
""",
)
@click.option("--kubeconfig", type=click.Path(path_type=Path, dir_okay=False), help="The file that names the cluster.")
@click.option("--context", metavar="NAME", help="The context in the kubeconfig, where it is not the current one.")
@click.option(
    "--namespace", "namespaces", multiple=True, metavar="NAME", help="Watch this namespace only. Can be given again."
)
@click.option(
    "--watch-label-selector",
    "selector",
    default="",
    metavar="SELECTOR",
    help="Reconcile only the objects with these labels.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 64),
    default=4,
    show_default=True,
    metavar="NUMBER",
    help="How many objects of one kind are reconciled at a time.",
)
@options.instance_option
@click.option(
    "--cross-namespace-clusters", is_flag=True, help="Read live Clusters in other namespaces than their upgraders'."
)
@click.option(
    "--apply-deadline",
    type=duration,
    default="1h",
    show_default=True,
    help="How long after a merge the live Cluster has to ask for the new version.",
)
@click.option(
    "--cache-dir",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where fetched repositories are kept; it may be lost at any time.",
)
@click.option(
    "--cache-size",
    type=click.IntRange(1),
    default=10240,
    show_default=True,
    metavar="MIB",
    help="How large that folder may get.",
)
@click.option(
    "--leader-elect/--no-leader-elect",
    default=True,
    show_default=True,
    help="Whether replicas elect the one that works.",
)
@click.option("--lease-name", metavar="NAME", help="The Lease of the election; each shard needs its own.")
@click.option("--lease-namespace", metavar="NAME", help="Its namespace; by default that of this Pod.")
@click.option(
    "--lease-duration",
    type=duration,
    default="15s",
    show_default=True,
    help="After how long without a sign of life another replica takes over.",
)
@click.option(
    "--shutdown-timeout",
    type=duration,
    default="30s",
    show_default=True,
    help="How long reconciles may take to finish when asked to end.",
)
@click.option(
    "--listen",
    default=":8080",
    show_default=True,
    metavar="HOST:PORT",
    help="Where /healthz, /readyz and /metrics are; empty for nowhere.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="What is logged, as JSON on stderr: info, where neither this nor -q (warning) nor -v (debug) is given.",
)
def command(
    kubeconfig: Path | None,
    context: str | None,
    namespaces: tuple[str, ...],
    selector: str,
    workers: int,
    instance: str | None,
    apply_deadline: timedelta,
    cache_dir: Path | None,
    cache_size: int,
    lease_name: str | None,
    lease_namespace: str | None,
    lease_duration: timedelta,
    shutdown_timeout: timedelta,
    listen: str,
    log_level: str | None,
    *,
    cross_namespace_clusters: bool,
    leader_elect: bool,
) -> int:
    """Watch a management cluster's custom resources and act on them, until asked to end.

    It opens pull requests with the credentials of the Secrets that GitOpsRepositories name, and with no others. It
    never writes to a Cluster.
    """
    from gitops_upgrader.reconcilers.scope import Live
    from gitops_upgrader.runtime.logs import set_up
    from gitops_upgrader.runtime.process import Process, Settings
    from gitops_upgrader.runtime.secrecy import Secrecy
    from gitops_upgrader.runtime.selection import parse_selector

    settings = Settings(
        kubeconfig=kubeconfig,
        context=context,
        namespaces=namespaces,
        selector=parse_selector(selector),
        workers=workers,
        instance=instance,
        lease_namespace=lease_namespace or _own_namespace(),
        lease_name=lease_name or _lease_name(selector),
        elect=leader_elect,
        terms=_terms(lease_duration),
        cache=cache_dir,
        cache_bytes=cache_size * 1024**2,
        live=Live(cross_namespace=cross_namespace_clusters, apply_deadline=apply_deadline),
        shutdown_timeout=shutdown_timeout,
        listen=_address(listen),
    )
    secrecy = Secrecy()
    set_up(log_level or _LOG_LEVELS[current()], secrecy)
    Process(settings, secrecy).run(_asked_to_end())
    return DONE


_LOG_LEVELS = {
    Verbosity.QUIET: "warning",
    Verbosity.NORMAL: "info",
    Verbosity.VERBOSE: "debug",
    Verbosity.DEBUG: "debug",
}


def _asked_to_end() -> threading.Event:
    """Set by SIGTERM and SIGINT; the second one of them ends the process as it always does."""
    stop = threading.Event()

    def end(number: int, _frame: FrameType | None) -> None:
        stop.set()
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    return stop


_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def _own_namespace() -> str:
    """The namespace of this Pod; outside of one, that of the install manifests."""
    named = os.environ.get("POD_NAMESPACE", "")
    if named:
        return named
    return _NAMESPACE_FILE.read_text("utf-8").strip() if _NAMESPACE_FILE.exists() else "gitops-upgrader"


def _lease_name(selector: str) -> str:
    """One Lease for each selector, so that shards do not wait for each other."""
    import hashlib

    return f"gitops-upgrader-{hashlib.sha256(selector.encode()).hexdigest()[:8]}" if selector else "gitops-upgrader"


def _terms(lease: timedelta) -> Terms:
    from gitops_upgrader.runtime.election import Terms

    seconds = lease.total_seconds()
    if seconds < 1:
        raise UsageError("--lease-duration must be at least one second.", remedy="Leave it at 15s if unsure.")
    # The proportions are client-go's: 15 s, 10 s, 2 s.
    return Terms(seconds, seconds * 2 / 3, seconds * 2 / 15)


def _address(text: str) -> tuple[str, int] | None:
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise UsageError(f"--listen {text!r} is no HOST:PORT.", remedy="For example :8080 or 127.0.0.1:8080.")
    return host.strip("[]"), int(port)
