"""Where the references of custom resources lead, and which of them are admitted."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gitops_upgrader import api
from gitops_upgrader.api.cluster_upgrader import UpgraderOptions
from gitops_upgrader.api.references import ObjectReference, RepositoryReference
from gitops_upgrader.errors import CrossNamespaceReference, InvalidObject, ObjectNotFound, UpgraderError
from gitops_upgrader.model import ObjectKey

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference of one object to another.

    Attributes:
        path: the field that holds the reference.
        target: what it leads to.
        kinds: the kinds of our group that can stand there; those of other groups are never checked.
    """

    path: Path
    target: ObjectKey
    kinds: tuple[str, ...]


def references(resource: api.Resource, namespace: str) -> Iterator[Reference]:
    """The references of an object. A repository that is not named is no reference, as `--repo` may stand in for it."""
    match resource:
        case api.MachineImageSyncer(spec=spec):
            sources = (api.DebianRepositorySource.KIND, api.MachineImageSyncer.KIND)
            yield _object(("spec", "sourceRef"), spec.source_ref, namespace, sources)
            templates = (api.MachineImageTemplate.KIND,)
            yield _object(("spec", "machineImageTemplateRef"), spec.machine_image_template_ref, namespace, templates)
        case api.ClusterClassClusterUpgrader(spec=spec):
            yield from _options(("spec",), spec, namespace)
            yield from _repository(spec.repository_ref, namespace)
        case api.ClusterUpgraderSet(spec=spec):
            yield from _options(("spec", "template", "spec"), spec.template.spec, namespace)
            yield from _repository(spec.repository_ref, namespace)


def _options(path: Path, options: UpgraderOptions, namespace: str) -> Iterator[Reference]:
    yield _object((*path, "planRef"), options.plan_ref, namespace, (api.Plan.KIND,))
    upgrader = api.ClusterClassClusterUpgrader.KIND
    for index, dependency in enumerate(options.depends_on):
        if dependency.name is not None:
            target = ObjectKey(api.GROUP, upgrader, namespace, dependency.name)
            yield Reference((*path, "dependsOn", index, "name"), target, (upgrader,))


def _object(path: Path, reference: ObjectReference, namespace: str, kinds: tuple[str, ...]) -> Reference:
    group, kind = reference.target(kinds[0])
    return Reference(path, ObjectKey(group, kind, reference.namespace or namespace, reference.name), kinds)


def _repository(reference: RepositoryReference | None, namespace: str) -> Iterator[Reference]:
    if reference is not None:
        kind = api.GitOpsRepository.KIND
        target = ObjectKey(api.GROUP, kind, reference.namespace or namespace, reference.name)
        yield Reference(("spec", "repositoryRef"), target, (kind,))


def mistake(
    reference: Reference, namespace: str, known: Mapping[ObjectKey, api.Resource | None]
) -> UpgraderError | None:
    """What is wrong with a reference, without its place.

    Args:
        reference: the reference.
        namespace: the namespace of the object that has it.
        known: every object of our group; None for one that is there and broken, about which nothing more is said.
    """
    target = reference.target
    if target.group == api.GROUP and target.kind not in reference.kinds:
        only = " or ".join(reference.kinds)
        return InvalidObject(
            f"A {target.kind} cannot stand here.", remedy=f"Name a {only}, or an object of another group."
        )
    repository = target.kind == api.GitOpsRepository.KIND and target.group == api.GROUP
    if target.namespace != namespace and not repository:
        remedy = f"Leave the namespace out, or move the {target.kind} to {namespace}."
        return CrossNamespaceReference(f"{target} is in another namespace.", remedy=remedy)
    if target.group != api.GROUP:
        return None
    if target not in known:
        return ObjectNotFound(f"There is no {target} in these files.", remedy=_nearest(target, known))
    return _not_admitted(known[target], target, namespace)


def _nearest(target: ObjectKey, known: Mapping[ObjectKey, api.Resource | None]) -> str:
    alike = [key for key in known if key.kind == target.kind]
    elsewhere = sorted(key.namespace for key in alike if key.name == target.name)
    if elsewhere:
        return f"There is one of that name in the namespace {elsewhere[0]}."
    names = [key.name for key in alike if key.namespace == target.namespace]
    close = difflib.get_close_matches(target.name, names, n=1)
    return f"Did you mean {close[0]}?" if close else "Add it, or name another one."


def _not_admitted(found: api.Resource | None, target: ObjectKey, namespace: str) -> UpgraderError | None:
    if target.namespace == namespace or not isinstance(found, api.GitOpsRepository):
        return None
    if namespace in found.spec.allowed_namespaces:
        return None
    remedy = f"Add {namespace} to its spec.allowedNamespaces."
    return CrossNamespaceReference(f"{target} does not admit the namespace {namespace}.", remedy=remedy)
