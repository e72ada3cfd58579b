"""What Prometheus can ask of this process. Names and labels are an interface: dashboards and alerts rely on them."""

from __future__ import annotations

import threading
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from gitops_upgrader.model import ObjectKey, PullRequest, PullState

_PREFIX = "gitops_upgrader"
_SECONDS = (0.005, 0.02, 0.1, 0.5, 1.0, 2.0, 5.0, 15.0, 60.0, 300.0)
_REMAINING = ("x-ratelimit-remaining", "ratelimit-remaining")


class Metrics:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.reconciles = self._counter("reconciles", "Reconciles by kind and how they ended.", "kind", "result")
        self.durations = Histogram(
            f"{_PREFIX}_reconcile_duration_seconds",
            "How long reconciles took.",
            ("kind",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.errors = self._counter("errors", "Problems by kind of object and typed reason.", "kind", "reason")
        self.depth = self._gauge("queue_depth", "Objects that wait for a worker.", "kind")
        self.leads = self._gauge("leader", "1 where this process leads, else 0.")
        self.pulls = self._gauge(
            "pull_requests", "Pull requests of ours, open now or of the last hour.", "repository", "state"
        )
        self.git = self._counter("git_operations", "Exchanges with Git remotes by kind.", "operation")
        self.forge = self._counter(
            "forge_requests", "Answers of forges by kind of forge and status.", "provider", "status"
        )
        self.remaining = self._gauge("forge_rate_limit_remaining", "Requests that a forge still takes.", "provider")
        self.clusters = self._gauge(
            "cluster_info", "1 for each cluster, with its version and where it goes next.",
            "namespace", "upgrader", "cluster", "version", "target", "phase",
        )  # fmt: skip
        self.interruptions = self._counter("watch_interruptions", "Watches that ended otherwise than planned.", "kind")
        self._lock = threading.Lock()
        self._repositories: dict[ObjectKey, str] = {}
        self._shown: dict[tuple[str, str], tuple[str, ...]] = {}

    def render(self) -> bytes:
        """Everything, in Prometheus' text format."""
        return generate_latest(self.registry)

    def forge_answered(self, provider: str, status: int, headers: Mapping[str, str]) -> None:
        """Count an answer of a forge."""
        self.forge.labels(provider, str(status)).inc()
        for name in _REMAINING:
            left = headers.get(name)
            if left is not None and left.isdecimal():
                self.remaining.labels(provider).set(int(left))

    def repository_seen(self, key: ObjectKey, url: str, pulls: tuple[PullRequest, ...]) -> None:
        """Show how many pull requests the repository of an object has; several objects may be of one."""
        with self._lock:
            before = self._repositories.get(key, url)
            self._repositories[key] = url
        self._drop(before)
        for state in PullState:
            self.pulls.labels(url, state.value).set(sum(pull.state is state for pull in pulls))

    def repository_gone(self, key: ObjectKey) -> None:
        """Show an object's repository no more, unless it is another one's as well."""
        with self._lock:
            url = self._repositories.pop(key, None)
        self._drop(url)

    def cluster_seen(self, namespace: str, upgrader: str, cluster: str, version: str, target: str, phase: str) -> None:
        """Show where a cluster is; what was shown of its upgrader before goes."""
        labels = (namespace, upgrader, cluster, version, target, phase)
        before = self._shown.get((namespace, upgrader))
        if before == labels:
            return
        self.cluster_gone(namespace, upgrader)
        self._shown[namespace, upgrader] = labels
        self.clusters.labels(*labels).set(1)

    def cluster_gone(self, namespace: str, upgrader: str) -> None:
        """Show an upgrader's cluster no more."""
        before = self._shown.pop((namespace, upgrader), None)
        if before is not None:
            self.clusters.remove(*before)

    def _drop(self, url: str | None) -> None:
        """Show a repository no more that no object is of."""
        with self._lock:
            if url is None or url in self._repositories.values():
                return
        for state in PullState:
            self.pulls.remove(url, state.value)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"{_PREFIX}_{name}", what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, *labels: str) -> Gauge:
        return Gauge(f"{_PREFIX}_{name}", what, labels, registry=self.registry)
