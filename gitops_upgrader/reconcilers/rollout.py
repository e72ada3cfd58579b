"""How far a live Cluster has come on its way to a version, judged from the object alone.

What the fields mean was read off a real Cluster API 1.14 during upgrades, chained ones too. `RollingOut` goes False
between the control plane and the workers; only `TopologyReconciled` stays False throughout, and just after a change it
can still be True for the generation before. So everything has to agree before a rollout counts as done.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gitops_upgrader.errors import InvalidVersion
from gitops_upgrader.versions import Version

GROUP = "cluster.x-k8s.io"
KIND = "Cluster"


class Stage(enum.Enum):
    """Where a live Cluster is on its way to a version."""

    NOT_APPLIED = "NotApplied"
    """It asks for another version."""
    APPLIED = "Applied"
    """It asks for the version; nobody has acted on it yet."""
    ROLLING_OUT = "RollingOut"
    """Machines are being replaced, or are about to be."""
    ROLLED_OUT = "RolledOut"
    """Every machine is at the version."""
    ABSENT = "NoLiveCluster"
    """There is none, or none that may be read."""
    UNKNOWN = "Unknown"
    """It asks for the version; whether its machines are there, this Cluster API does not say."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a live Cluster tells about a version.

    Attributes:
        live: the version that it asks for, as it writes it; None where it has none.
        message: the stage in words, as a sentence.
    """

    stage: Stage
    live: str | None
    message: str

    @property
    def applied(self) -> bool:
        """Whether the live Cluster asks for the version."""
        return self.stage not in {Stage.NOT_APPLIED, Stage.ABSENT}

    @property
    def tells(self) -> bool:
        """Whether it is known how far the rollout is."""
        return self.stage not in {Stage.ABSENT, Stage.UNKNOWN}


@dataclass(frozen=True, slots=True)
class _Condition:
    status: str
    reason: str
    message: str
    generation: int | None


@dataclass(frozen=True, slots=True)
class Facts:
    """The part of a live Cluster that a rollout is judged by. Equal facts, equal judgement.

    Attributes:
        planned: the versions that Cluster API still wants to go through.
        versions: the versions that machines have, by `controlPlane` and `workers`; empty before Cluster API 1.14.
    """

    version: str | None
    generation: int | None
    observed: int | None
    conditions: tuple[tuple[str, _Condition], ...]
    planned: tuple[str, ...]
    versions: tuple[tuple[str, tuple[str, ...]], ...]


_TYPES = ("TopologyReconciled", "RollingOut", "ControlPlaneMachinesUpToDate", "WorkerMachinesUpToDate")
_PARTS = ("controlPlane", "workers")


def facts(cluster: Mapping[str, Any]) -> Facts:
    """Read what matters from a Cluster, v1beta1 or v1beta2; what is absent or of another type counts as absent."""
    status = _mapping(cluster, "status")
    found = {str(one["type"]): one for one in _conditions(status)}
    return Facts(
        version=_text(_mapping(cluster, "spec", "topology").get("version")),
        generation=_number(_mapping(cluster, "metadata").get("generation")),
        observed=_number(status.get("observedGeneration")),
        conditions=tuple((type_, _condition(found[type_])) for type_ in _TYPES if type_ in found),
        planned=tuple(
            str(version) for part in _PARTS for version in _sequence(_mapping(status, part).get("upgradePlan"))
        ),
        versions=tuple((part, _versions(_mapping(status, part))) for part in _PARTS),
    )


def status_of(cluster: Mapping[str, Any]) -> dict[str, Any]:
    """The part of a Cluster's status that `facts` reads; a dozen conditions more are most of it."""
    status = _mapping(cluster, "status")
    newer = _telling(_mapping(status, "v1beta2").get("conditions"))
    found: dict[str, Any] = {
        "observedGeneration": status.get("observedGeneration"),
        "conditions": _telling(status.get("conditions")),
        **({"v1beta2": {"conditions": newer}} if newer else {}),
    }
    for part in _PARTS:
        about = _mapping(status, part)
        found[part] = {name: about[name] for name in ("upgradePlan", "versions") if name in about}
    return found


def _telling(conditions: Any) -> list[Any]:
    return [one for one in _sequence(conditions) if isinstance(one, Mapping) and one.get("type") in _TYPES]


def judge(cluster: Facts, wanted: Version) -> Rollout:
    """Say how far the Cluster is on its way to `wanted`."""
    live = cluster.version
    if live is None or not same_version(live, wanted):
        words = f"it asks for {live}" if live else "it asks for no version"
        return Rollout(Stage.NOT_APPLIED, live, f"The live Cluster is not at {wanted}: {words}.")
    known = dict(cluster.conditions)
    reconciled = known.get("TopologyReconciled")
    if reconciled is None:
        return Rollout(Stage.UNKNOWN, live, f"The live Cluster asks for {live}; how far it is, it does not say.")
    if cluster.generation is not None and _is_behind(cluster, reconciled):
        return Rollout(Stage.APPLIED, live, f"The live Cluster asks for {live}; Cluster API has yet to act on it.")
    pending = _pending(cluster, known, wanted)
    if pending is not None:
        return Rollout(Stage.ROLLING_OUT, live, f"{live} is being rolled out: {pending}.")
    missing = [type_ for type_ in _TYPES if type_ not in known or known[type_].status == "Unknown"]
    if missing:
        words = f"whether it is rolled out cannot be told without {' and '.join(missing)}"
        return Rollout(Stage.UNKNOWN, live, f"The live Cluster asks for {live}; {words}.")
    return Rollout(Stage.ROLLED_OUT, live, f"Every machine is at {live}.")


def same_version(live: str, wanted: Version) -> bool:
    """Whether a live version is what Git asks for: `v` or not, and a vendor's mark that an admission webhook added.

    >>> same_version("v1.35.0---vmware.2-vkr.4", Version.parse("1.35.0"))
    True
    >>> same_version("v1.35.0-rc.1", Version.parse("v1.35.0"))
    False
    """
    try:
        if Version.parse(live) == wanted:
            return True
    except InvalidVersion:
        return False
    rest = live.removeprefix("v").removeprefix(wanted.without_v)
    if rest == live.removeprefix("v"):
        return False
    return rest.startswith(("+", "---")) or (("+" in str(wanted) or "---" in str(wanted)) and rest[:1] in ".-")


# --- what keeps a rollout from being done ---------------------------------------------------------------------------


def _is_behind(cluster: Facts, reconciled: _Condition) -> bool:
    """Whether what is reported is about an older generation than the one that asks for the version."""
    seen = [number for number in (cluster.observed, reconciled.generation) if number is not None]
    return any(number < (cluster.generation or 0) for number in seen)


def _pending(cluster: Facts, known: Mapping[str, _Condition], wanted: Version) -> str | None:
    """What is still to be done, in words without a full stop; None where nothing is known to be."""
    if known["TopologyReconciled"].status != "True":
        return _words("the topology is not reconciled", known["TopologyReconciled"])
    if "RollingOut" in known and known["RollingOut"].status == "True":
        return _words("machines are being replaced", known["RollingOut"])
    for type_, what in (
        ("ControlPlaneMachinesUpToDate", "the control plane is not up to date"),
        ("WorkerMachinesUpToDate", "the workers are not up to date"),
    ):
        if type_ in known and known[type_].status == "False":
            return _words(what, known[type_])
    if cluster.planned:
        return f"still to come: {', '.join(cluster.planned)}"
    for part, versions in cluster.versions:
        others = [version for version in versions if not same_version(version, wanted)]
        if others:
            return f"{'control plane' if part == 'controlPlane' else 'worker'} machines are at {', '.join(others)}"
    return None


def _words(what: str, condition: _Condition) -> str:
    said = " ".join(condition.message.split()) or condition.reason
    return f"{what} ({said.rstrip('.')})" if said else what


# --- reading JSON that anybody may have written ----------------------------------------------------------------------


def _conditions(status: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The conditions as v1beta2 has them, which a v1beta1 object keeps under `status.v1beta2`.

    The other conditions of a v1beta1 object have the same name for `TopologyReconciled`, and no generation: they come
    first, so that the newer ones take their place.
    """
    for holder in (status, _mapping(status, "v1beta2")):
        for condition in _sequence(holder.get("conditions")):
            if isinstance(condition, Mapping) and isinstance(condition.get("type"), str):
                yield condition


def _condition(found: Mapping[str, Any]) -> _Condition:
    return _Condition(
        _text(found.get("status")) or "Unknown",
        _text(found.get("reason")) or "",
        _text(found.get("message")) or "",
        _number(found.get("observedGeneration")),
    )


def _versions(part: Mapping[str, Any]) -> tuple[str, ...]:
    found = (one.get("version") for one in _sequence(part.get("versions")) if isinstance(one, Mapping))
    return tuple(version for version in found if isinstance(version, str))


def _mapping(content: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    found: Any = content
    for name in path:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _sequence(found: Any) -> Sequence[Any]:
    return found if isinstance(found, list) else ()


def _text(found: Any) -> str | None:
    return found if isinstance(found, str) and found else None


def _number(found: Any) -> int | None:
    return found if isinstance(found, int) and not isinstance(found, bool) else None
