"""One Cluster on its way through Kustomize's layers: what each of their changes makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from gitops_upgrader.errors import Where
from gitops_upgrader.manifests import patch, pointer, selector
from gitops_upgrader.manifests.cluster import Cluster, is_cluster
from gitops_upgrader.manifests.kustomization import Kustomization, Obstacle
from gitops_upgrader.manifests.node import Mapping, Node
from gitops_upgrader.manifests.patch import Operation, Patch, PatchKind
from gitops_upgrader.manifests.place import Step
from gitops_upgrader.manifests.replacement import Replacement


@dataclass(frozen=True, slots=True)
class Instance:
    """One Cluster as it is deployed: `cluster` as in its file, `tree` after all patches.

    `ids` are all (namespace, name) pairs that it had, the last one as deployed; `root` is the outermost layer, None
    for a file that no kustomization names. `operations` are those of all JSON6902 patches, `obstacles` what may change
    it on the way and is not followed. `absent` names the base that the Cluster is in, where that is not in the
    repository: its tree is what patches make of it.
    """

    cluster: Cluster
    tree: Mapping
    ids: tuple[tuple[str, str], ...]
    root: Kustomization | None = None
    replacements: tuple[Replacement, ...] = ()
    operations: tuple[Operation, ...] = ()
    steps: tuple[Step, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    absent: Node | None = None

    @property
    def effective(self) -> Cluster:
        """The Cluster after all patches."""
        namespace, name = self.ids[-1]
        if self.tree is self.cluster.node and (namespace, name) == (self.cluster.namespace, self.cluster.name):
            return self.cluster
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
    cluster = Cluster(found.node.document, found.node, name, pointer.peek(found.node, "metadata", "namespace"))
    where = absent.document.where(absent.start)
    step = Step(f"the base of Cluster {cluster.label} is not in the repository", where.file, where.line)
    return replace(alone(cluster), absent=absent, steps=(step,))


def patched(instance: Instance, found: Patch) -> Instance | None:
    """The Cluster after a patch; None where it removes the whole object.

    Raises:
        InvalidPatch: it does not apply.
    """
    if not applies(instance, found):
        return instance
    where = found.node.document.where(found.node.start)
    step = Step(f"a {found.kind.value} is for this Cluster", where.file, where.line)
    instance = replace(instance, steps=(*instance.steps, step))
    if found.kind is PatchKind.MERGE:
        merged = patch.merge(instance.tree, found.node)
        if not isinstance(merged, Mapping):
            return None
        return _identified(instance, merged, where) if found.renames else replace(instance, tree=merged)
    tree: Mapping = instance.tree
    operations = tuple(found.operations())
    for operation in operations:
        changed = patch.apply(tree, operation)
        tree = changed if isinstance(changed, Mapping) else tree
    return _identified(replace(instance, operations=(*instance.operations, *operations)), tree, where)


def _identified(instance: Instance, tree: Mapping, where: Where) -> Instance:
    """The tree in place of the old one, with the name that a patch may have changed."""
    namespace, name = instance.ids[-1]
    before = pointer.peek(instance.tree, "metadata", "namespace"), pointer.peek(instance.tree, "metadata", "name")
    after = pointer.peek(tree, "metadata", "namespace"), pointer.peek(tree, "metadata", "name")
    if before == after:
        return replace(instance, tree=tree)
    known = (after[0] if before[0] != after[0] else namespace, after[1] if before[1] != after[1] else name)
    step = Step(f"from here on it is Cluster {'/'.join(filter(None, known))}", where.file, where.line)
    return replace(instance, tree=tree, ids=(*instance.ids, known), steps=(*instance.steps, step))


def applies(instance: Instance, found: Patch) -> bool:
    """Whether a patch is for a Cluster as it is now.

    Raises:
        InvalidPatch: its target has a regular expression or a selector that is none.
    """
    if found.target is not None:
        return found.target.selects(instance.tree, instance.ids)
    return selector.names(found.node, instance.tree, instance.ids)


def renamed(instance: Instance, layer: Kustomization) -> Instance:
    """The Cluster with the namespace, prefix and suffix that a layer gives it."""
    namespace, name = instance.ids[-1]
    after = (layer.namespace or namespace, f"{layer.prefix}{name}{layer.suffix}")
    return instance if after == instance.ids[-1] else replace(instance, ids=(*instance.ids, after))
