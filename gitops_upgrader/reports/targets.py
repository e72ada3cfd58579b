"""Where plans lead, for reports on the upgraders that follow them."""

from __future__ import annotations

from gitops_upgrader.api import ClusterClassClusterUpgrader, Plan
from gitops_upgrader.errors import InvalidObject, KubernetesForbidden, ObjectNotReady, UpgraderError
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers.planned import offered
from gitops_upgrader.reconcilers.scope import key_of
from gitops_upgrader.stores.protocol import Reader


class Targets:
    """The version that each plan leads to, of whichever kind it is.

    A plan that is not there, or has not chosen yet, leads nowhere. One that may not be read, or that says nonsense, is
    kept in `problems`, once, and does not stop the report.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._problems: dict[ObjectKey, UpgraderError] = {}

    @property
    def problems(self) -> tuple[UpgraderError, ...]:
        """What kept plans from being read, sorted by plan."""
        return tuple(error for _, error in sorted(self._problems.items(), key=lambda item: item[0]))

    def of(self, upgrader: ClusterClassClusterUpgrader) -> str | None:
        """The version that an upgrader's plan leads to; None where none is known.

        Raises:
            KubernetesError: the API does not say.
        """
        group, kind = upgrader.spec.plan_ref.target(Plan.KIND)
        key = ObjectKey(group, kind, key_of(upgrader).namespace, upgrader.spec.plan_ref.name)
        try:
            stored = self._reader.get(key)
            target = offered(stored).target if stored is not None else None
        except ObjectNotReady:
            return None
        except (InvalidObject, KubernetesForbidden) as error:
            self._problems[key] = error
            return None
        return str(target.version) if target is not None else None
