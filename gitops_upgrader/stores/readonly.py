"""A look at a cluster that changes nothing in it: what is derived on the way is kept in memory, over its objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from gitops_upgrader import api
from gitops_upgrader.errors import InvalidObject, UpgraderError
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.stores.kubernetes import KubernetesStore
from gitops_upgrader.stores.memory import ChangesInMemory
from gitops_upgrader.stores.protocol import Reader, Stored


def load_store(
    context: str | None = None, kubeconfig: Path | None = None, namespaces: Sequence[str] = ()
) -> ReadOnlyStore:
    """The objects of a cluster, to be read only.

    Args:
        context: the context in the kubeconfig; None for the current one.
        kubeconfig: the file; None for the usual ones.
        namespaces: whose objects are of interest; none for all that there are.

    Raises:
        InvalidKubeconfig: there is none, or it cannot be used.
        KindNotInstalled: our kinds are not there.
        KubernetesError: the cluster cannot be read.
    """
    store = ReadOnlyStore(KubernetesStore.connect(kubeconfig, context, namespaces=namespaces))
    for kind in api.KINDS:  # a cluster that cannot be read is told of at once, and so is what in it cannot
        store.list(api.GROUP, kind)
    return store


class ReadOnlyStore(ChangesInMemory):
    """Objects as they were when they were first asked for, with this run's changes over them.

    A kind that is listed is read as a whole, once; single objects (Secrets above all) are read one by one. So a run
    sees one state of each object throughout, however long it takes.

    An object of ours that the CRD took and that is wrong all the same (a version range in a form that CEL cannot
    judge) is left out of lists and kept in `problems`, so that it does not stop the others.

    Args:
        reader: where objects come from.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._objects: dict[ObjectKey, Stored | None] = {}
        self._listed: set[tuple[str, str, str | None]] = set()
        self._broken: dict[ObjectKey, InvalidObject] = {}

    @property
    def problems(self) -> tuple[UpgraderError, ...]:
        """What is wrong with the objects that were listed, sorted by key."""
        return tuple(error for _, error in sorted(self._broken.items(), key=lambda item: item[0]))

    def get(self, key: ObjectKey) -> Stored | None:
        """The object of that name, or None where there is none. Raises what the reader raises."""
        if key not in self._objects:
            self._objects[key] = self._reader.get(key)
        return self._objects[key]

    def list(
        self, group: str, kind: str, namespace: str | None = None, labels: Mapping[str, str] | None = None
    ) -> tuple[Stored, ...]:
        """Every object of a kind, sorted by key. Raises what the reader raises."""
        if not {(group, kind, None), (group, kind, namespace)} & self._listed:
            for stored in self._reader.list(group, kind, namespace):
                self._objects.setdefault(stored.key, stored)
                self._judge(stored)
            self._listed.add((group, kind, namespace))
        wanted = (labels or {}).items()
        return tuple(
            stored
            for key, stored in sorted(self._objects.items(), key=lambda item: item[0])
            if stored is not None
            and key not in self._broken
            and (key.group, key.kind) == (group, kind)
            and namespace in {None, key.namespace}
            and wanted <= stored.labels.items()
        )

    def _judge(self, stored: Stored) -> None:
        if stored.key.group == api.GROUP:
            try:
                api.parse(stored.content, strict=False)
            except InvalidObject as error:
                self._broken[stored.key] = error

    def _keep(self, key: ObjectKey, stored: Stored | None) -> None:
        self._objects[key] = stored
