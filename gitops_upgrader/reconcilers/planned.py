"""What the plan of an upgrader offers, whatever kind of object it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gitops_upgrader.api.scalars import ImageId
from gitops_upgrader.errors import InvalidObject, InvalidVersion, ObjectNotReady, Where
from gitops_upgrader.model import Image
from gitops_upgrader.reconcilers.readiness import readiness
from gitops_upgrader.stores.protocol import Stored
from gitops_upgrader.versions import Version


@dataclass(frozen=True, slots=True)
class Offer:
    """The target and the stepping stones; no target where the plan found no suitable image."""

    target: Image | None
    candidates: tuple[Image, ...]


class _Image(BaseModel):
    """One image as any kind of plan may say it (`status.machineImageDetails`, an item of `status.candidates`)."""

    model_config = ConfigDict(extra="ignore")

    version: str
    id: ImageId
    name: ImageId = ""
    created_at: datetime | None = Field(default=None, alias="createdAt")

    def image(self) -> Image:
        return Image(Version.parse(self.version), self.id, self.name, self.created_at)


class _Status(BaseModel):
    model_config = ConfigDict(extra="ignore")

    phase: str | None = None
    details: _Image | None = Field(default=None, alias="machineImageDetails")
    candidates: list[_Image] | None = None


def offered(plan: Stored) -> Offer:
    """What a plan of any kind offers. Without `candidates`, the target is the only one.

    Raises:
        ObjectNotReady: the plan has not said anything yet, or could not.
        InvalidObject: its status is none of a plan.
    """
    where = Where(object=str(plan.key))
    status = plan.content.get("status")
    if not isinstance(status, Mapping) or not (status.get("phase") or status.get("machineImageDetails")):
        raise ObjectNotReady(readiness(plan).message or "It has not chosen an image yet.", where=where)
    try:
        read = _Status.model_validate(dict(status))
        target = read.details.image() if read.details else None
        candidates = tuple(candidate.image() for candidate in read.candidates or ())
    except (ValidationError, InvalidVersion) as error:
        raise InvalidObject(
            "Its status is none of a plan.",
            where=where,
            remedy="status.machineImageDetails needs a version, and an id of one printable line.",
        ) from error
    if target is None or not candidates:
        return Offer(target, candidates or ((target,) if target else ()))
    named = (one for one in candidates if (one.version, one.id) == (target.version, target.id))
    return Offer(next(named, target), candidates)
