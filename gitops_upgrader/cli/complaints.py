"""What went wrong in a run, a line for each cause."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.reconcilers.fleet import Failure, Report


def complaints(report: Report, problems: Sequence[UpgraderError]) -> tuple[str, ...]:
    """What to tell: of files, of objects, of single clusters."""
    texts = [str(problem) for problem in problems]
    texts += [_of_object(failure) for failure in report.failures]
    texts += [_of_cluster(one.cluster, one.error) for one in report.proposals if one.error is not None]
    return causes(texts)


def causes(texts: Iterable[str]) -> tuple[str, ...]:
    """The texts, each once, without those that tell of another one's consequences: they end with it as it is.

    A source that does not answer, say, leaves its syncers without versions and its plans without images.
    """
    found = tuple(dict.fromkeys(texts))
    return tuple(text for text in found if not text.endswith(tuple(f": {other}" for other in found)))


def _of_object(failure: Failure) -> str:
    """An error that names an object; where it does not itself, the object is put before it."""
    error = failure.error
    return str(error) if error.where.object else f"{failure.key}: {error}"


def _of_cluster(cluster: str, error: UpgraderError) -> str:
    """An error that names the cluster or its upgrader; where it does not itself, the cluster is put before it."""
    kind = (error.where.object or "").partition(" ")[0]
    return str(error) if kind in {"Cluster", "ClusterClassClusterUpgrader"} else f"{cluster}: {error}"
