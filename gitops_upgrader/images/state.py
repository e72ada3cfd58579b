"""What a MachineImage is, before any Job: published by somebody else, or to be built."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """The image is there; `id` is the infrastructure's."""

    id: str


@dataclass(frozen=True, slots=True)
class NeedsBuild:
    """A Job has to build the image first."""


def state_of(spec_id: str | None) -> Published | NeedsBuild:
    """What a spec says of its image.

    >>> state_of("ami-0abc")
    Published(id='ami-0abc')
    >>> state_of(None)
    NeedsBuild()
    """
    return Published(spec_id) if spec_id else NeedsBuild()
