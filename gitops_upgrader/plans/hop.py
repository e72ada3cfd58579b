"""The next hop of a cluster on its way to a target: one minor at most, and always up.

The newest candidate of the next minor is taken; where there is none, the newest of this minor; else the cluster stays,
and the image that is missing is named.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gitops_upgrader.model import Image
from gitops_upgrader.plans.candidates import LeftOut
from gitops_upgrader.plans.preference import ascending
from gitops_upgrader.versions import StepReason, Version, step_problem

Listed = Callable[[Image], Sequence[str]]
"""`spec.kubernetesVersions` of the ClusterClass that the cluster has with an image; empty where it lists none."""


def _nothing_listed(_: Image) -> Sequence[str]:
    return ()


class NoHopReason(enum.StrEnum):
    """Why a cluster stays where it is."""

    UP_TO_DATE = "UpToDate"
    """The cluster is at the target."""
    AHEAD_OF_TARGET = "AheadOfTarget"
    """The cluster is past the target, and nothing ever goes down."""
    NO_CANDIDATE = "NoCandidate"
    """There is no target, as no image can be one."""
    MISSING_IMAGE = "MissingImage"
    """The next minor on the way has no image."""
    NOT_IN_CLUSTER_CLASS = "NotInClusterClass"
    """There are images for the next step, but the ClusterClass lists other versions."""
    OTHER_FLAVOUR = "OtherFlavour"
    """The images are of another distribution, such as `+k3s1` for `+rke2r1`."""
    OTHER_MAJOR = "OtherMajor"
    """The images are of another major version."""


@dataclass(frozen=True, slots=True)
class Hop:
    """The next step.

    Attributes:
        image: where the cluster goes.
        words: the step and its reason, as a line of a plan's log:
            `hop v1.28.5 -> v1.29.2: newest image within one minor`.
        considered: every other image above where the cluster is, and why not that one; the newest first.
    """

    image: Image
    words: str
    considered: tuple[LeftOut, ...] = ()

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class NoHop:
    """Why there is no next step.

    Attributes:
        message: why the cluster stays where it is, as a sentence.
        missing: the release line that has no image, such as `v1.34.x`, where that is the reason.
        considered: every image above where the cluster is, and why not that one; the newest first.
    """

    reason: NoHopReason
    message: str
    missing: str | None = None
    considered: tuple[LeftOut, ...] = ()

    def __str__(self) -> str:
        return self.message


def next_hop(
    current: Version,
    candidates: Sequence[Image],
    target: Image | None,
    *,
    listed: Listed = _nothing_listed,
) -> Hop | NoHop:
    """Choose the next step from `current` towards `target`.

    A prerelease is used only where the target is a prerelease of the same minor: a fleet on its way to a release must
    not stop over at a release candidate.

    Args:
        current: the version that the cluster's manifest holds.
        candidates: the images that may be used on the way, in any order; the target itself always may.
        target: the image to arrive at; None where no image can be one.
        listed: the versions that the ClusterClass lists. Where it lists any, Cluster API takes exactly these strings,
            after it has put a missing `v` in front of the version.

    >>> texts = ["v1.28.9", "v1.29.1", "v1.29.2", "v1.30.1"]
    >>> images = [Image(Version.parse(text), f"ami-{text}", text) for text in texts]
    >>> print(next_hop(Version.parse("v1.28.5"), images, images[-1]))
    hop v1.28.5 -> v1.29.2: newest image within one minor
    """
    if target is None:
        return NoHop(NoHopReason.NO_CANDIDATE, "No image can be the target.")
    settled = _settled(current, target)
    if settled:
        return settled
    images = [image for image in ascending([*candidates, target]) if _is_ahead(current, image.version)]
    refused = {image: why for image in images if (why := _refusal(current, image, target))}
    unlisted = [image for image in images if image not in refused and not is_listed(image.version, listed(image))]
    refused |= dict.fromkeys(unlisted, "not in the ClusterClass's kubernetesVersions")
    steps = [image for image in images if image not in refused]
    if not steps:
        return _stay(current, target, unlisted, _considered(refused))
    best = _best(steps, target)
    others = {image: refused.get(image) or _second(image, best) for image in images if image != best}
    words = f"hop {current} -> {best.version}: {_reason(current, best, target, unlisted)}"
    return Hop(best, words, _considered(others))


def is_listed(version: Version, versions: Sequence[str]) -> bool:
    """Whether a ClusterClass with this list takes a version: it lists none, or exactly this string."""
    return not versions or version.with_v in versions


def _is_ahead(current: Version, version: Version) -> bool:
    """Whether a version is worth a word: neither the current one, nor an older one of its flavour."""
    problem = step_problem(current, version)
    return problem is None or problem.reason not in (StepReason.SAME, StepReason.DOWNGRADE)


def _considered(why: Mapping[Image, str]) -> tuple[LeftOut, ...]:
    """Images that were not chosen, the newest first."""
    return tuple(LeftOut(image, why[image]) for image in reversed(ascending(why)))


def _settled(current: Version, target: Image) -> NoHop | None:
    """Why no step is needed, or none can lead to the target; None where the way is open."""
    end = target.version
    problem = step_problem(current, end)
    if problem is None:
        return None
    match problem.reason:
        case StepReason.SAME:
            reason, message = NoHopReason.UP_TO_DATE, f"The cluster is at the target, {end}."
        case StepReason.DOWNGRADE:
            reason = NoHopReason.AHEAD_OF_TARGET
            message = f"The cluster is at {current}, past the target {end}, and its version never goes down."
        case StepReason.OTHER_FLAVOUR:
            reason = NoHopReason.OTHER_FLAVOUR
            message = f"The target {end} is {problem.predicate}; no upgrade leads there."
        case StepReason.OTHER_MAJOR:
            reason = NoHopReason.OTHER_MAJOR
            message = f"The target {end} is {problem.predicate}; no upgrade leads there."
        case _:
            return None
    return NoHop(reason, message)


def _refusal(current: Version, image: Image, target: Image) -> str | None:
    """What keeps an image from being the next step, as a clause; None where nothing does."""
    version, end = image.version, target.version
    problem = step_problem(current, version)
    if problem is not None:
        return f"the target, but {problem.predicate}" if image == target else problem.predicate
    if version.newness > end.newness:
        return f"beyond the target, {end}"
    if version.is_prerelease and not (end.is_prerelease and version.line == end.line):
        return "a prerelease, and the target is none of that minor"
    return None


def _best(steps: Sequence[Image], target: Image) -> Image:
    """The last of the ascending steps, and of those of the target's version the target."""
    best = steps[-1]
    return target if target in steps and best.version.newness == target.version.newness else best


def _second(image: Image, best: Image) -> str:
    """What an image that could have been the next step is, beside the best one."""
    if image.version.newness == best.version.newness:
        return f"another image of the same version, {image.name}; {best.name} is preferred"
    return f"older than {best.version}"


def _reason(current: Version, best: Image, target: Image, unlisted: Sequence[Image]) -> str:
    """Why the image is the next step."""
    passed_over = any(image.version.newness > best.version.newness for image in unlisted)
    listed = " that the ClusterClass lists" if passed_over else ""
    if best.version.line != current.line:
        return f"newest image within one minor{listed}"
    words = f"newest image of this minor{listed}"
    if target.version.line == current.line or _on_the_way(current, target, unlisted):
        return words
    return f"{words}, as {_missing(current, target)}"


def _stay(current: Version, target: Image, unlisted: Sequence[Image], considered: tuple[LeftOut, ...]) -> NoHop:
    """Why no image can be the next step although there is a way to the target."""
    blocked = _on_the_way(current, target, unlisted)
    if blocked:
        versions = ", ".join(dict.fromkeys(str(image.version) for image in blocked))
        message = f"The ClusterClass does not list {versions} in its kubernetesVersions."
        return NoHop(NoHopReason.NOT_IN_CLUSTER_CLASS, message, considered=considered)
    message = f"A{_missing(current, target)[1:]}."
    return NoHop(NoHopReason.MISSING_IMAGE, message, _next_line(current), considered)


def _on_the_way(current: Version, target: Image, images: Sequence[Image]) -> list[Image]:
    """The images that would bring the cluster closer to the target's minor, or to the target within it."""
    arrived = target.version.line == current.line
    return [image for image in images if arrived or image.version.line != current.line]


def _next_line(current: Version) -> str:
    """The release line after the current one, as a range: `v1.34.x`."""
    return f"v{current.major}.{current.minor + 1}.x"


def _missing(current: Version, target: Image) -> str:
    """That the next minor has no image, as a clause."""
    flavour = f" (flavour {current.flavour})" if current.flavour else ""
    return f"an image of {_next_line(current)}{flavour} for the step from {current} towards {target.version} is missing"
