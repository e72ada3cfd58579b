"""What goes when the controller and its custom resources are removed, what is lost with them, and in which order.

The order matters: an upgrader with a pull request of ours has a finalizer, which only a running controller takes off,
after it has closed the pull request. A CRD that is deleted without one waits for ever.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gitops_upgrader.api.kinds import KINDS
from gitops_upgrader.api.names import FINALIZER, GROUP
from gitops_upgrader.stores.protocol import Stored

_UPGRADER: Final = "ClusterClassClusterUpgrader"
_FIRST: Final = ("ClusterUpgraderSet", _UPGRADER)
"""The kinds that go before all others."""


@dataclass(frozen=True, slots=True)
class OpenPull:
    """A pull request that closes when its upgrader goes."""

    upgrader: str
    url: str


@dataclass(frozen=True, slots=True)
class Build:
    """A machine image whose id is known to its MachineImage alone, as a Job has built it."""

    image: str
    version: str
    id: str


@dataclass(frozen=True, slots=True)
class Removal:
    """What there is.

    Attributes:
        objects: `namespace/name` of the objects of each kind, both sorted as they flow.
        pulls: open pull requests.
        held: upgraders with our finalizer, which wait for a running controller.
        running: images that are being built; their Jobs end with them.
        builds: images that were built.
    """

    objects: Mapping[str, tuple[str, ...]]
    pulls: tuple[OpenPull, ...] = ()
    held: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    builds: tuple[Build, ...] = ()


def removal(objects: Mapping[str, Sequence[Stored]]) -> Removal:
    """What goes with all objects of the given kinds. Statuses are read as they are: these may be upstream's too."""
    upgraders, images = objects.get(_UPGRADER, ()), objects.get("MachineImage", ())
    return Removal(
        objects={kind: tuple(_name(stored) for stored in objects.get(kind, ())) for kind in KINDS},
        pulls=tuple(
            OpenPull(_name(stored), str(pull.get("url") or "?"))
            for stored in upgraders
            if (pull := _mapping(stored.status, "pullRequest")).get("state") == "Open"
        ),
        held=tuple(
            _name(stored) for stored in upgraders if FINALIZER in (stored.content["metadata"].get("finalizers") or ())
        ),
        running=tuple(_name(stored) for stored in images if stored.status.get("phase") == "Building"),
        builds=tuple(_build(stored) for stored in images if _is_built(stored)),
    )


def commands(found: Removal, kubectl: Sequence[str], namespaces: Sequence[str], install: Sequence[str]) -> list[str]:
    """The commands that remove everything, in order, for a shell.

    Args:
        kubectl: the program, and which cluster is meant.
        namespaces: those of the objects; none for all that there are.
        install: the command that printed what was installed.
    """
    # What makes objects goes before what it makes; upgraders go while there is still what they need to close up.
    ordered = [*_FIRST, *(kind for kind in KINDS if kind not in _FIRST)]
    places = [["--namespace", namespace] for namespace in namespaces] or [["--all-namespaces"]]
    lines = [
        shlex.join([*kubectl, "delete", f"{KINDS[kind].LISTING.plural}.{GROUP}", "--all", *place])
        for kind in ordered
        if found.objects.get(kind)
        for place in places
    ]
    return [*lines, f"{shlex.join(install)} | {shlex.join([*kubectl, 'delete', '--ignore-not-found', '-f', '-'])}"]


def _is_built(stored: Stored) -> bool:
    """Whether the id came from a Job: an image with an id and no Job is made anew from its template."""
    return bool(stored.status.get("id")) and bool(stored.status.get("jobRef"))


def _build(stored: Stored) -> Build:
    version = _mapping(stored.content, "spec").get("version")
    return Build(_name(stored), str(version or "?"), str(stored.status["id"]))


def _name(stored: Stored) -> str:
    return f"{stored.key.namespace}/{stored.key.name}"


def _mapping(content: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    found = content.get(field)
    return found if isinstance(found, Mapping) else {}
