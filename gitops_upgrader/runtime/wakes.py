"""Which objects have to be looked at again because another one has changed: a pure function of the two looks.

References are read from the objects as JSON, not through their models: a fleet has thousands of upgraders, and one
that is malformed must not keep the others asleep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from gitops_upgrader.api.names import GROUP, SYNCER_NAME_LABEL, shortened
from gitops_upgrader.api.references import ObjectReference, group_of
from gitops_upgrader.api.selectors import LabelSelector
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers import cluster_class, rollout
from gitops_upgrader.reconcilers.repository import DEFAULT_NAME, FLUX
from gitops_upgrader.stores.protocol import Stored

SOURCE = "DebianRepositorySource"
TEMPLATE = "MachineImageTemplate"
SYNCER = "MachineImageSyncer"
IMAGE = "MachineImage"
PLAN = "Plan"
REPOSITORY = "GitOpsRepository"
UPGRADER = "ClusterClassClusterUpgrader"

RECONCILED = (SOURCE, SYNCER, IMAGE, PLAN, REPOSITORY, UPGRADER)
"""The kinds that have a reconciler, in the order in which versions flow."""

Known = Callable[[str, str], Iterable[Stored]]
"""The objects of a group and kind that are known, in any order."""


def wakes(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    """The objects to reconcile after another one was created (no `before`), changed, or deleted (no `after`)."""
    now = after or before
    if now is None:
        return set()
    key = now.key
    found = set()
    if key.group == GROUP and key.kind in RECONCILED and after is not None and _asks_anew(before, after):
        found.add(key)
    dependents = _DEPENDENTS.get((key.group, key.kind))
    if dependents is not None:
        found |= dependents(before, after, known)
    if key.group not in {GROUP, ""} and _changed(before, after, "status"):
        # An object of any kind can be a source of versions, or a plan.
        found |= _syncers_of(key, known) | _upgraders_of_plan(key, known)
    return found


def references(stored: Stored) -> set[tuple[str, str]]:
    """The group and kind of each foreign object that one of ours refers to, so that it can be watched too."""
    spec = _mapping(stored.content, "spec")
    found = set()
    if stored.key.kind == SYNCER:
        found.add(_target(spec.get("sourceRef"), SOURCE))
    if stored.key.kind == UPGRADER:
        found.add(_target(spec.get("planRef"), PLAN))
    if stored.key.kind == REPOSITORY and "sourceRef" in spec:
        found.add((FLUX, "GitRepository"))
    return {(group, kind) for group, kind in found if group not in {GROUP, ""}}


# --- one function for each kind that others depend on ----------------------------------------------------------------


def _of_source(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    return _syncers_of(_key(before, after), known) if _changed(before, after, "status", "versions") else set()


def _of_template(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    key = _key(before, after)
    if not _changed(before, after, "spec"):
        return set()
    return {
        syncer.key
        for syncer in _ours(known, SYNCER, key.namespace)
        if _mapping(syncer.content, "spec", "machineImageTemplateRef").get("name") == key.name
    }


def _of_image(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    key = _key(before, after)
    looks = [look for look in (before, after) if look is not None]
    found = set()
    if any(_changed(before, after, *path) for path in (("spec",), ("metadata", "labels"), ("status", "ready"))) or (
        _changed(before, after, "status", "id")
    ):
        found |= {
            plan.key for plan in _ours(known, PLAN, key.namespace) if any(_selects(plan, look.labels) for look in looks)
        }
    if before is None or after is None:
        names = {look.labels.get(SYNCER_NAME_LABEL) for look in looks}
        found |= {syncer.key for syncer in _ours(known, SYNCER, key.namespace) if shortened(syncer.key.name) in names}
    return found


def _of_plan(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    return _upgraders_of_plan(_key(before, after), known) if _changed(before, after, "status") else set()


def _of_repository(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    if before is not None and after is not None and not _asks_anew(before, after):
        return set()
    return _upgraders_of_repository(_key(before, after), known)


def _of_flux(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    key = _key(before, after)
    if not _changed(before, after, "spec"):
        return set()
    return _with_upgraders(
        (
            repository
            for repository in _ours(known, REPOSITORY, key.namespace)
            if _mapping(repository.content, "spec", "sourceRef").get("name") == key.name
        ),
        known,
    )


def _of_secret(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    """Any change of a Secret counts: what is in it is not kept, so it cannot be compared."""
    key = _key(before, after)
    flux = {
        one.key.name
        for one in known(FLUX, "GitRepository")
        if one.key.namespace == key.namespace and key.name in _secrets_of_flux(one)
    }
    repositories = (
        repository
        for repository in _ours(known, REPOSITORY, key.namespace)
        if key.name in _secrets_of(repository) or _mapping(repository.content, "spec", "sourceRef").get("name") in flux
    )
    return _with_upgraders(repositories, known) | _sources_signed_by(key, "secretRef", known)


def _of_config_map(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    key = _key(before, after)
    return _syncers_of(key, known) | _sources_signed_by(key, "configMapRef", known)


def _of_job(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    """The image that owns the Job. Its label has the name only as long as that is short."""
    del known
    key = _key(before, after)
    looks = [look for look in (before, after) if look is not None]
    return {ObjectKey(GROUP, IMAGE, key.namespace, name) for look in looks for name in _owners(look, IMAGE)}


def _of_cluster(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    key = _key(before, after)
    if before is not None and after is not None and _facts(before) == _facts(after):
        return set()
    return {upgrader.key for upgrader in known(GROUP, UPGRADER) if _cluster_of(upgrader) == (key.namespace, key.name)}


def _facts(cluster: Stored) -> tuple[object, ...]:
    """What of a live Cluster an upgrader goes by."""
    return rollout.facts(cluster.content), cluster_class.of_live(cluster.content, cluster.key.namespace)


def _of_cluster_class(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    """Whoever upgrades a cluster of the class; and who names classes by a template, so that it may be its next one."""
    key = _key(before, after)
    if not _changed(before, after, "spec", "kubernetesVersions"):
        return set()
    clusters = {
        (cluster.key.namespace, cluster.key.name)
        for cluster in known(rollout.GROUP, rollout.KIND)
        if cluster_class.of_live(cluster.content, cluster.key.namespace) == key
    }
    return {
        upgrader.key
        for upgrader in known(GROUP, UPGRADER)
        if _cluster_of(upgrader) in clusters or "topologyClass" in _mapping(upgrader.content, "spec")
    }


def _of_upgrader(before: Stored | None, after: Stored | None, known: Known) -> set[ObjectKey]:
    """Whoever is for the same cluster: two upgraders of one cluster refuse each other."""
    if before is not None and after is not None and not _asks_anew(before, after):
        return set()
    key = _key(before, after)
    clusters = {_cluster_of(look) for look in (before, after) if look is not None}
    return {other.key for other in known(GROUP, UPGRADER) if other.key != key and _cluster_of(other) in clusters}


_Dependents = Callable[[Stored | None, Stored | None, Known], set[ObjectKey]]

_DEPENDENTS: Mapping[tuple[str, str], _Dependents] = {
    (GROUP, SOURCE): _of_source,
    (GROUP, TEMPLATE): _of_template,
    (GROUP, IMAGE): _of_image,
    (GROUP, PLAN): _of_plan,
    (GROUP, REPOSITORY): _of_repository,
    (GROUP, UPGRADER): _of_upgrader,
    (FLUX, "GitRepository"): _of_flux,
    ("", "Secret"): _of_secret,
    ("", "ConfigMap"): _of_config_map,
    ("batch", "Job"): _of_job,
    (rollout.GROUP, rollout.KIND): _of_cluster,
    (rollout.GROUP, cluster_class.KIND): _of_cluster_class,
}


# --- who refers to whom ----------------------------------------------------------------------------------------------


def _cluster_of(upgrader: Stored) -> tuple[Any, Any]:
    """Namespace and name of the Cluster that an upgrader is for."""
    spec = _mapping(upgrader.content, "spec")
    return spec.get("clusterNamespace") or upgrader.key.namespace, spec.get("clusterName")


def _syncers_of(key: ObjectKey, known: Known) -> set[ObjectKey]:
    return {
        syncer.key
        for syncer in _ours(known, SYNCER, key.namespace)
        if _refers(_mapping(syncer.content, "spec").get("sourceRef"), SOURCE, key)
    }


def _upgraders_of_plan(key: ObjectKey, known: Known) -> set[ObjectKey]:
    return {
        upgrader.key
        for upgrader in _ours(known, UPGRADER, key.namespace)
        if _refers(_mapping(upgrader.content, "spec").get("planRef"), PLAN, key)
    }


def _upgraders_of_repository(key: ObjectKey, known: Known) -> set[ObjectKey]:
    found = set()
    for upgrader in known(GROUP, UPGRADER):
        reference = _mapping(upgrader.content, "spec", "repositoryRef")
        name = reference.get("name") or DEFAULT_NAME
        if (reference.get("namespace") or upgrader.key.namespace, name) == (key.namespace, key.name):
            found.add(upgrader.key)
    return found


def upgraders_of(repository: ObjectKey, known: Known) -> set[ObjectKey]:
    """The upgraders that name a GitOpsRepository, or mean it by naming none."""
    return _upgraders_of_repository(repository, known)


def claimants(known: Known, cluster: ObjectKey) -> list[Stored]:
    """The upgraders that are for a Cluster, in any order."""
    return [one for one in known(GROUP, UPGRADER) if _cluster_of(one) == (cluster.namespace, cluster.name)]


def _with_upgraders(repositories: Iterable[Stored], known: Known) -> set[ObjectKey]:
    found = set()
    for repository in repositories:
        found |= {repository.key} | _upgraders_of_repository(repository.key, known)
    return found


def _sources_signed_by(key: ObjectKey, field: str, known: Known) -> set[ObjectKey]:
    return {
        source.key
        for source in _ours(known, SOURCE, key.namespace)
        if _mapping(source.content, "spec", "signedBy", field).get("name") == key.name
    }


def _owners(stored: Stored, kind: str) -> Iterator[str]:
    """The names of the objects of a kind of ours that own another one (meta/v1 OwnerReference)."""
    for owner in stored.content["metadata"].get("ownerReferences") or ():
        if owner.get("kind") == kind and group_of(owner.get("apiVersion") or "") == GROUP:
            yield owner["name"]


def _secrets_of(repository: Stored) -> set[Any]:
    spec = _mapping(repository.content, "spec")
    paths = (("secretRef",), ("apiSecretRef",), ("commit", "signingKey", "secretRef"))
    return {_mapping(spec, *path).get("name") for path in paths}


def _secrets_of_flux(repository: Stored) -> set[Any]:
    spec = _mapping(repository.content, "spec")
    return {_mapping(spec, field).get("name") for field in ("secretRef", "proxySecretRef")}


def _selects(plan: Stored, labels: Mapping[str, str]) -> bool:
    try:
        selector = LabelSelector.model_validate(_mapping(plan.content, "spec").get("machineImageSelector") or {})
    except ValueError:
        return False  # it says so itself, in its status
    return selector.matches(labels)


def _refers(reference: Any, default_kind: str, key: ObjectKey) -> bool:
    if not isinstance(reference, Mapping) or reference.get("name") != key.name:
        return False
    return _target(reference, default_kind) == (key.group, key.kind)


def _target(reference: Any, default_kind: str) -> tuple[str, str]:
    """The group and kind that a reference means; nothing for one that is none."""
    if not isinstance(reference, Mapping):
        return "", ""
    named = reference.get("kind") or default_kind
    version = reference.get("apiVersion")
    if isinstance(version, str) and version:
        return group_of(version), str(named)
    return ObjectReference(name="any", kind=str(named)).target(default_kind)


# --- looks -----------------------------------------------------------------------------------------------------------


def _asks_anew(before: Stored | None, after: Stored) -> bool:
    """Whether an object asks for something else than before. What is in its status, its reconciler wrote itself."""
    if before is None:
        return True
    if before.content.get("spec") != after.content.get("spec"):
        return True
    old, new = before.content["metadata"], after.content["metadata"]
    fields = ("uid", "labels", "annotations", "deletionTimestamp", "ownerReferences")
    return any(old.get(field) != new.get(field) for field in fields)


def _changed(before: Stored | None, after: Stored | None, *path: str) -> bool:
    if before is None or after is None:
        return True
    return bool(_at(before.content, path) != _at(after.content, path))


def _key(before: Stored | None, after: Stored | None) -> ObjectKey:
    now = after or before
    if now is None:
        raise AssertionError("an event has at least one look at its object")
    return now.key


def _ours(known: Known, kind: str, namespace: str) -> Iterator[Stored]:
    return (found for found in known(GROUP, kind) if found.key.namespace == namespace)


def _at(content: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = content
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _mapping(content: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    found = _at(content, path)
    return found if isinstance(found, Mapping) else {}
