"""Which step from one version of a cluster to another is allowed: up, by one minor at most, within one flavour.

Cluster API refuses a decrease and an increase by two minors or by a major (its Cluster webhook,
`internal/webhooks/cluster.go`); Kubernetes' version skew policy has minors upgraded in sequence. Another flavour is
another distribution, which no upgrade turns a machine into.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from gitops_upgrader.versions.version import Version


class StepReason(enum.Enum):
    """Why a step is not allowed; the value is the typed reason, as conditions and JSON carry it."""

    SAME = "SameVersion"
    OTHER_FLAVOUR = "OtherFlavour"
    OTHER_MAJOR = "OtherMajor"
    DOWNGRADE = "Downgrade"
    SKIPS_MINOR = "SkipsMinor"


@dataclass(frozen=True, slots=True)
class StepProblem:
    """Why a step is not allowed.

    Attributes:
        reason: the typed reason.
        version: where the step would lead.
        predicate: what that version is: `older than v1.33.5`.
    """

    reason: StepReason
    version: Version
    predicate: str

    @property
    def message(self) -> str:
        """The problem in words: `v1.32.9 is older than v1.33.5`."""
        return f"{self.version} is {self.predicate}"

    def __str__(self) -> str:
        return self.message


def step_problem(old: Version, new: Version) -> StepProblem | None:
    """What forbids the step from `old` to `new`; None where nothing does.

    Versions are compared, not texts: from `1.34.2` to `v1.34.2` is no step.

    >>> print(step_problem(Version.parse("v1.33.5"), Version.parse("v1.35.0")))
    v1.35.0 is 2 minors ahead of v1.33.5
    >>> step_problem(Version.parse("v1.34.2+rke2r1"), Version.parse("v1.34.2+rke2r2"))
    """
    if old.flavour != new.flavour:
        predicate = f"{flavour_words(new)}, and {old} is {flavour_words(old)}"
        return StepProblem(StepReason.OTHER_FLAVOUR, new, predicate)
    if old.newness == new.newness:
        return StepProblem(StepReason.SAME, new, f"the same version as {old}")
    if new.newness < old.newness:
        return StepProblem(StepReason.DOWNGRADE, new, f"older than {old}")
    if new.major != old.major:
        return StepProblem(StepReason.OTHER_MAJOR, new, f"of another major version than {old}")
    minors = new.minor - old.minor
    if minors > 1:
        return StepProblem(StepReason.SKIPS_MINOR, new, f"{minors} minors ahead of {old}")
    return None


def flavour_words(version: Version) -> str:
    """A version's flavour for people: `plain Kubernetes`, or `of flavour rke2`."""
    return f"of flavour {version.flavour}" if version.flavour else "plain Kubernetes"
