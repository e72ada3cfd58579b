"""Every kind there is, and how an object's content becomes a model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from gitops_upgrader.api.cluster_upgrader import ClusterClassClusterUpgrader
from gitops_upgrader.api.cluster_upgrader_set import ClusterUpgraderSet
from gitops_upgrader.api.debian_repository_source import DebianRepositorySource
from gitops_upgrader.api.gitops_repository import GitOpsRepository
from gitops_upgrader.api.machine_image import MachineImage
from gitops_upgrader.api.machine_image_syncer import MachineImageSyncer
from gitops_upgrader.api.machine_image_template import MachineImageTemplate
from gitops_upgrader.api.names import API_VERSION, GROUP
from gitops_upgrader.api.plan import Plan
from gitops_upgrader.api.problems import Problem, problems, suggest
from gitops_upgrader.api.references import group_of
from gitops_upgrader.api.resource import Model, Resource
from gitops_upgrader.errors import InvalidObject, Where

KINDS: Final[Mapping[str, type[Resource]]] = {
    kind.KIND: kind
    for kind in (
        DebianRepositorySource,
        MachineImageTemplate,
        MachineImageSyncer,
        MachineImage,
        Plan,
        ClusterClassClusterUpgrader,
        ClusterUpgraderSet,
        GitOpsRepository,
    )
}
"""The kinds by name, in the order in which versions flow through them."""

RENAMED: Final[Mapping[str, str]] = {
    "InClusterUpgradeAutomation": "ClusterClassClusterUpgrader",
    "InGitUpgradeAutomation": "ClusterClassClusterUpgrader",
    "KubernetesMachineImage": "MachineImage",
}
"""What upstream's releases before v0.6 called a kind, and what v0.6 and this project call it."""

_Kind = TypeVar("_Kind", bound=Resource)


def is_ours(content: Mapping[str, Any]) -> bool:
    """Whether an object claims to be of our API group."""
    return group_of(str(content.get("apiVersion"))) == GROUP


def parse(content: Mapping[str, Any], *, strict: bool = True) -> Resource:
    """Read an object of whichever kind it says it is.

    Args:
        content: the whole object as JSON.
        strict: whether unknown fields are errors, as in files. Objects from the API server are read leniently: a
            newer CRD may know more than this release.

    Raises:
        InvalidObject: the kind or the version is unknown, or the content does not fit; the message names the first
            mistake and counts the others. `check` lists them all.
    """
    found = _kind_problems(content)
    if found:
        raise _invalid(content, found)
    return parse_as(KINDS[content["kind"]], content, strict=strict)


def parse_as(kind: type[_Kind], content: Mapping[str, Any], *, strict: bool = False) -> _Kind:
    """Read an object that is known to be of one kind.

    Raises:
        InvalidObject: the content does not fit.
    """
    try:
        return kind.model_validate(dict(content), extra="forbid" if strict else "ignore")
    except ValidationError as error:
        raise _invalid(content, problems(kind, error)) from error


def check(content: Mapping[str, Any], *, strict: bool = True) -> tuple[Problem, ...]:
    """Every mistake in an object of our group."""
    found = _kind_problems(content)
    if found:
        return found
    kind = KINDS[content["kind"]]
    try:
        kind.model_validate(dict(content), extra="forbid" if strict else "ignore")
    except ValidationError as error:
        return problems(kind, error)
    return ()


def check_update(old: Model, new: Model, path: tuple[str | int, ...] = ()) -> tuple[Problem, ...]:
    """What a change of an object does that its kind does not allow, as the API server's transition rules say it."""
    found = [Problem((*path, rule.field), rule.message) for rule in new.TRANSITIONS if not rule.holds(old, new)]
    for name, field in type(new).model_fields.items():
        before, after = getattr(old, name), getattr(new, name)
        if isinstance(before, Model) and isinstance(after, Model):
            found += check_update(before, after, (*path, field.alias or name))
    return tuple(found)


def _kind_problems(content: Mapping[str, Any]) -> tuple[Problem, ...]:
    version, kind = content.get("apiVersion"), content.get("kind")
    found = []
    if version != API_VERSION:
        found.append(Problem(("apiVersion",), f"{version!r} is not served; there is only {API_VERSION}"))
    if kind not in KINDS:
        found.append(_unknown_kind(kind))
    return tuple(found)


def _unknown_kind(kind: object) -> Problem:
    if not isinstance(kind, str):
        return Problem(("kind",), "is required and missing")
    if kind in RENAMED:
        return Problem(("kind",), f"{kind} is an older name", f"It is called {RENAMED[kind]} now.")
    return Problem(("kind",), f"unknown kind {kind!r}", suggest(kind, KINDS) or f"There are {', '.join(KINDS)}.")


def _invalid(content: Mapping[str, Any], found: tuple[Problem, ...]) -> InvalidObject:
    first, more = found[0], len(found) - 1
    message = f"{first.message.removesuffix('.')} (and {more} more)." if more else first.sentence
    where = Where(object=describe(content), field=first.field or None)
    return InvalidObject(message, where=where, remedy=first.remedy)


def describe(content: Mapping[str, Any]) -> str:
    """An object's kind, namespace and name for messages, as far as it has them: `Plan default/stable`."""
    metadata = content.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    kind = content.get("kind")
    name = metadata.get("name") or metadata.get("generateName")
    namespace = metadata.get("namespace") or "default"
    label = kind if isinstance(kind, str) else "object"
    return f"{label} {namespace}/{name}" if isinstance(name, str) else label
