"""ClusterClasses in files, and the versions of Kubernetes that they list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.cluster import is_cluster, json_value, objects
from gitops_upgrader.manifests.document import Document
from gitops_upgrader.manifests.globs import matches
from gitops_upgrader.manifests.scan import Scan, Trait

KIND = "ClusterClass"


def kubernetes_versions(scan: Scan, name: str, namespace: str = "", paths: Sequence[str] = ()) -> tuple[str, ...]:
    """The versions that a ClusterClass of this name lists, in its order; none where none is listed, or no file has it.

    There may be several in the files: an overlay's patch beside its base, or one for each management cluster. Those
    below the paths come before the others; of several lists, only what is in all of them is sure to be taken.

    Args:
        scan: the files.
        name: the class's name.
        namespace: its namespace; it counts where both sides state one.
        paths: where its Cluster was looked for.
    """
    found = list(_lists(scan, name, namespace))
    near = [versions for path, versions in found if matches(path, paths)] or [versions for _, versions in found]
    if not near:
        return ()
    return tuple(version for version in near[0] if all(version in others for others in near[1:]))


def _lists(scan: Scan, name: str, namespace: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path in scan.having(Trait.VERSION_LIST, name.encode()):
        try:
            documents = scan.documents(path)
        except ManifestError:
            continue  # such as one that is too large; the API server will read the class for itself
        for document in documents:
            for versions in _in_document(document, name, namespace):
                yield path, versions


def _in_document(document: Document, name: str, namespace: str) -> Iterator[tuple[str, ...]]:
    try:
        nodes = list(objects(document))
    except ManifestError:
        return  # such as a Helm template
    for node in nodes:
        metadata = pointer.look(node, "metadata")
        stated = pointer.peek(metadata, "namespace")
        if not is_cluster(node, KIND) or pointer.peek(metadata, "name") != name:
            continue
        listed = json_value(pointer.look(node, "spec", "kubernetesVersions"))
        if isinstance(listed, list) and listed and (not namespace or not stated or stated == namespace):
            yield tuple(str(version) for version in listed)
