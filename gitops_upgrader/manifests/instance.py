"""One object on its way through Kustomize's layers: what each of their changes makes of it. Most are Clusters."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from gitops_upgrader.errors import ManifestTooLarge, Where
from gitops_upgrader.manifests import json_patch, pointer, selector
from gitops_upgrader.manifests.cluster import Cluster, is_cluster
from gitops_upgrader.manifests.json_patch import Operation
from gitops_upgrader.manifests.kustomization import Kustomization, Obstacle
from gitops_upgrader.manifests.node import Made, Mapping, Node
from gitops_upgrader.manifests.patch import Patch, PatchKind, merge
from gitops_upgrader.manifests.patched import put
from gitops_upgrader.manifests.place import Step
from gitops_upgrader.manifests.replacement import Replacement
from gitops_upgrader.manifests.selector import Ids

MAX_CHANGES: Final = 2_000
"""How many patches, and how many operations of a patch, one Cluster goes through; each keeps the tree that it found."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One Cluster as it is deployed: `cluster` as in its file, `tree` after all layers, name and labels included.

    `ids` are all (namespace, name) pairs that it had, as Kustomize keeps them: the first one, one after each change
    that it remembers, and the present one. `root` is the outermost layer, None for a file that no kustomization
    names; where it is a deployment, `top` is the outermost kustomization below it. `replacements` write to it, and
    those of `read` read it. `merged` are the merge patches for it, in order, and `operations` those of JSON6902
    patches, each with the tree that it found; `obstacles` are what may change it on the way and is not followed.
    `absent` names the base that the Cluster is in, where that is not in the repository: its tree is what patches make
    of it. `strays` are merge patches of its layers that name a Cluster which is not there, so that Kustomize fails;
    where some files alone were looked at, it may be in others.
    """

    cluster: Cluster
    tree: Mapping
    ids: Ids
    root: Kustomization | None = None
    top: Kustomization | None = None
    replacements: tuple[Replacement, ...] = ()
    read: tuple[Replacement, ...] = ()
    merged: tuple[Node, ...] = ()
    operations: tuple[tuple[Operation, Mapping], ...] = ()
    steps: tuple[Step, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    absent: Node | None = None
    strays: tuple[Node, ...] = ()

    @property
    def effective(self) -> Cluster:
        """The Cluster after all patches."""
        if self.tree is self.cluster.node:
            return self.cluster
        namespace, name = self.ids[-1]
        return Cluster(self.cluster.document, self.tree, name, namespace)


def alone(cluster: Cluster) -> Instance:
    """A Cluster that no kustomization touches."""
    return Instance(cluster, cluster.node, ((cluster.namespace, cluster.name),))


def imagined(found: Patch, absent: Node) -> Instance | None:
    """The Cluster of a base that is not in the repository, as far as a merge patch tells; None for other patches.

    What the patch sets counts whatever the base has, so it can be found and edited there.
    """
    target = found.target
    if found.kind is not PatchKind.MERGE or not isinstance(found.node, Mapping) or not is_cluster(found.node):
        return None
    name = target.name if target is not None else pointer.peek(found.node, "metadata", "name")
    if not name or pointer.peek(found.node, "$patch") == "delete":
        return None
    tree = put(found.node, ("metadata", "name"), Made(found.node, name))
    cluster = Cluster(found.node.document, tree, name, pointer.peek(found.node, "metadata", "namespace"))
    where = absent.document.where(absent.start)
    step = Step(f"the base of Cluster {cluster.label} is not in the repository", where.file, where.line)
    return replace(alone(cluster), absent=absent, steps=(step,))


def patched(instance: Instance, found: Patch, field: str) -> Instance | None:
    """The Cluster after a patch from a field of a kustomization; None where it removes the whole object.

    Raises:
        InvalidPatch: it does not apply.
        ManifestTooLarge: it, or what came before it, changes the Cluster more often than is followed.
    """
    if not applies(instance, found):
        return instance
    where = found.node.document.where(found.node.start)
    step = Step(f"a {found.kind.value} is for this Cluster", where.file, where.line)
    instance = replace(instance, steps=(*instance.steps, step))
    if max(len(instance.steps), len(instance.operations)) > MAX_CHANGES:
        raise _too_many(found.node)
    if found.kind is PatchKind.MERGE:
        merged = merge(instance.tree, found.node)
        if not isinstance(merged, Mapping):
            return None
        tree = _kept(instance.tree, merged, found)
        instance = replace(instance, merged=(*instance.merged, found.node))
        return _identified(instance, tree, where, stored=found.renames)
    for count, operation in enumerate(found.operations()):
        if count > MAX_CHANGES:
            raise _too_many(operation.node)
        changed = json_patch.apply(instance.tree, operation)
        operations = (*instance.operations, (operation, instance.tree))
        tree = changed if isinstance(changed, Mapping) else instance.tree
        instance = replace(instance, tree=tree, operations=operations)
    # Of the fields with operations, `patches` alone stores the id: `StorePreviousId` in Kustomize's transformers.
    return _identified(instance, instance.tree, where, stored=field != "patchesJson6902")


def _too_many(node: Node) -> ManifestTooLarge:
    return ManifestTooLarge(
        f"More than {MAX_CHANGES:,} patches or operations are for one Cluster.",
        where=node.document.where(node.start),
        remedy="Write what they say into the Cluster.",
    )


def _kept(before: Mapping, merged: Mapping, found: Patch) -> Mapping:
    """The merged object with what a merge patch does not change (`Resource.ApplySmPatch`): what kind of object it is,
    and what it is called."""
    for keys in (("apiVersion",), ("kind",), ("metadata", "namespace"), ("metadata", "name")):
        if pointer.peek(before, *keys) != pointer.peek(merged, *keys) and not (keys[-1] == "name" and found.renames):
            merged = put(merged, keys, pointer.look(before, *keys))
    return merged


def _identified(instance: Instance, tree: Mapping, where: Where, *, stored: bool) -> Instance:
    """The Cluster with a tree, and with the id that it has there; `stored`: Kustomize remembers the one before."""
    known = _id(tree)
    ids = (*instance.ids, known) if stored else (*instance.ids[:-1], known)
    steps = instance.steps
    if known != instance.ids[-1]:
        steps = (*steps, Step(f"from here on it is Cluster {'/'.join(filter(None, known))}", where.file, where.line))
    return replace(instance, tree=tree, ids=ids, steps=steps)


def applies(instance: Instance, found: Patch) -> bool:
    """Whether a patch is for a Cluster as it is now.

    Raises:
        InvalidPatch: its target has a regular expression or a selector that is none.
    """
    if found.target is not None:
        return found.target.selects(instance.tree, instance.ids)
    return selector.names(found.node, instance.tree, instance.ids)


def renamed(instance: Instance, layer: Kustomization) -> Instance:
    """The Cluster with the namespace, prefix and suffix that a layer gives it; Kustomize remembers each id before."""
    if layer.namespace:
        instance = _called(instance, layer, "namespace", layer.namespace)
    if layer.prefix:
        instance = _called(instance, layer, "name", layer.prefix + instance.ids[-1][1])
    if layer.suffix:
        instance = _called(instance, layer, "name", instance.ids[-1][1] + layer.suffix)
    return instance


def _called(instance: Instance, layer: Kustomization, key: str, text: str) -> Instance:
    tree = put(instance.tree, ("metadata", key), Made(layer.node, text))
    return replace(instance, tree=tree, ids=(*instance.ids, _id(tree)))


def _id(tree: Mapping) -> tuple[str, str]:
    return pointer.peek(tree, "metadata", "namespace"), pointer.peek(tree, "metadata", "name")


def labelled(instance: Instance, layer: Kustomization) -> Instance:
    """The Cluster with the labels and annotations that a layer gives it, which the selectors above it see."""
    added = [("labels", pointer.look(item, "pairs")) for item in pointer.entries(pointer.look(layer.node, "labels"))]
    added += [("labels", pointer.look(layer.node, "commonLabels"))]
    added += [("annotations", pointer.look(layer.node, "commonAnnotations"))]
    tree = instance.tree
    for key, entries in added:
        if isinstance(entries, Mapping):
            known = pointer.look(tree, "metadata", key)
            tree = put(tree, ("metadata", key), entries if known is None else merge(known, entries))
    return replace(instance, tree=tree)
