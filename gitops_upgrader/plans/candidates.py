"""What a Plan finds: the image to arrive at, and the images that may be used on the way."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gitops_upgrader.model import Image
from gitops_upgrader.plans.age import too_young
from gitops_upgrader.plans.exclusion import Exclusion
from gitops_upgrader.plans.preference import ascending
from gitops_upgrader.versions import VersionRange

_NAMED = 3  # images that a message names, one by one


class SelectionReason(enum.StrEnum):
    """What came of a selection."""

    FOUND = "FoundMachineImage"
    NO_IMAGE = "NoMachineImage"
    """There is no ready image at all."""
    NONE_IN_RANGE = "NoMachineImageInRange"
    ALL_LEFT_OUT = "AllMachineImagesLeftOut"
    """Images in the range are ready, but excluded or too young."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An image that was not chosen, and what it is instead: `excluded by 1.34.x`."""

    image: Image
    why: str

    def __str__(self) -> str:
        return f"{self.image.version}: {self.why}"


@dataclass(frozen=True, slots=True)
class Selection:
    """The target, the candidates up to it, and what was left out, both ascending.

    Attributes:
        target: the newest usable image in the range; None where there is none.
        candidates: every usable image up to the target, in or out of the range; the target is the last.
        message: what was found, or why nothing was, as a clause without a full stop.
        recheck_at: when the next image that is too young now is old enough; None where time changes nothing.
    """

    target: Image | None
    candidates: tuple[Image, ...]
    left_out: tuple[LeftOut, ...]
    reason: SelectionReason
    message: str
    recheck_at: datetime | None = None


def select(
    images: Iterable[Image],
    within: VersionRange,
    exclude: Sequence[Exclusion],
    minimum_age: timedelta | None,
    now: datetime,
) -> Selection:
    """Choose the target among images that are ready.

    Args:
        images: every ready image that the plan's selector selects, in any order.
        within: the range that the target has to be in. What leads up to it need not be.
        exclude: versions that are neither target nor candidate.
        minimum_age: how old an image must be to be either; one of unknown age is too young. None asks for no age.
        now: the time, with a time zone.
    """
    usable: list[Image] = []
    left_out: list[LeftOut] = []
    ready = ascending(images)
    for image in ready:
        why = _excluded(image, exclude) or too_young(image, minimum_age, now)
        if why:
            left_out.append(LeftOut(image, why))
        else:
            usable.append(image)
    recheck_at = _recheck_at(left_out, exclude, minimum_age)
    inside = [image for image in usable if image.version in within]
    if not inside:
        left_out += [LeftOut(image, f"outside of {within}") for image in usable]
        reason, message = _nothing(ready, left_out, within)
        return Selection(None, (), _sorted(left_out), reason, message, recheck_at)
    target = inside[-1]
    end = usable.index(target) + 1
    left_out += [LeftOut(image, f"newer than the target, and outside of {within}") for image in usable[end:]]
    which = f"newest of {len(inside)} images" if len(inside) > 1 else "only image"
    found = f"the {which} in {within} is {target.version} ({target.name})"
    return Selection(target, tuple(usable[:end]), _sorted(left_out), SelectionReason.FOUND, found, recheck_at)


def _excluded(image: Image, exclude: Sequence[Exclusion]) -> str | None:
    """Which exclusion an image falls under, in words."""
    return next((f"excluded by {entry}" for entry in exclude if image.version in entry), None)


def _recheck_at(
    left_out: Sequence[LeftOut], exclude: Sequence[Exclusion], minimum_age: timedelta | None
) -> datetime | None:
    """When the first of the images that are left out is old enough; those excluded never are."""
    births = [
        other.image.created_at
        for other in left_out
        if other.image.created_at is not None and not _excluded(other.image, exclude)
    ]
    return min(births) + minimum_age if births and minimum_age else None


def _nothing(ready: Sequence[Image], left_out: Sequence[LeftOut], within: VersionRange) -> tuple[SelectionReason, str]:
    """Why there is no target."""
    if not ready:
        return SelectionReason.NO_IMAGE, "no image that the plan selects is ready"
    inside = [other for other in reversed(left_out) if other.image.version in within]
    if not inside:
        newest = ready[-1].version
        return SelectionReason.NONE_IN_RANGE, f"no ready image is in {within}; the newest of {len(ready)} is {newest}"
    named = "; ".join(str(other) for other in inside[:_NAMED])
    more = f"; and {len(inside) - _NAMED} more" if len(inside) > _NAMED else ""
    return SelectionReason.ALL_LEFT_OUT, f"no ready image in {within} may be used: {named}{more}"


def _sorted(left_out: Iterable[LeftOut]) -> tuple[LeftOut, ...]:
    """In the order of the images."""
    why = {other.image: other for other in left_out}
    return tuple(why[image] for image in ascending(why))
