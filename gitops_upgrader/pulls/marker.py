"""The hidden marker in a pull request's body: what a later run must know, kept where the pull request is.

A comment holds JSON; `<`, `>` and `-` inside it are escaped, so that no value can end the comment early.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gitops_upgrader.errors import MarkerUnreadable
from gitops_upgrader.model import Target
from gitops_upgrader.versions import Version

PATTERN = re.compile(r"<!-- gitops-upgrader (\{[^<>]*\}) -->")
"""How a marker is found in a body."""

_PRESENCE = re.compile(r"<!-- gitops-upgrader \{")


@dataclass(frozen=True, slots=True)
class Patch:
    """What a commit of ours changes, told without the commit: put on `base`, it gives `tree`. Ids in hex.

    With it a branch that a forge rebased is known as ours when what we pushed is on no branch any more: the branch's
    own change, put back on `base`, has to give the same tree.
    """

    base: str
    tree: str


@dataclass(frozen=True, slots=True)
class Marker:
    """What the body remembers.

    Attributes:
        proposer: `<namespace>/<upgrader>`, or `cluster/<namespace or ->/<cluster>` without custom resources.
        instance: the management cluster, where several share a repository.
        base: the base branch.
        origin: version and image before.
        target: version and image after.
        head: the commit at which the branch was last seen to be ours alone, in hex.
        patch: what that commit changes; None in markers of before it was remembered.
        retry: the value of the upgrader's `retry` annotation when this was proposed.
        closed: why we closed it ourselves, a reason; such a close is nobody's refusal.
        settled: labels, assignees, reviewers and auto-merge were set once; from then on they are people's.
        waiting: a gate is shut: the commit status says `pending`, and we disarmed auto-merge.
        labelled: the label that asked for a rebuild is still there, though that was done: the forge did not let us take
            it off. It asks for nothing more until it was gone once.
        draft: what the setting for drafts was when we last followed it; a pull request that is otherwise was switched
            by a person. None in markers of before it was remembered.
        switching: the setting has changed, and the pull request is about to follow.
        unarmed: it is a draft, and auto-merge is to be armed once it is none any more.
    """

    proposer: str
    base: str
    origin: Target
    target: Target
    head: str
    instance: str | None = None
    retry: str | None = None
    closed: str | None = None
    settled: bool = True
    waiting: bool = False
    labelled: bool = False
    patch: Patch | None = None
    draft: bool | None = None
    switching: bool = False
    unarmed: bool = False

    @property
    def refreshes(self) -> bool:
        """Whether the image alone changes, the version staying."""
        return self.origin.version == self.target.version


class _Hop(BaseModel):
    model_config = ConfigDict(extra="ignore")

    version: str
    image: str | None = None

    def target(self) -> Target:
        return Target(Version.parse(self.version), self.image)


class _Patch(BaseModel):
    model_config = ConfigDict(extra="ignore")

    base: str
    tree: str


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore")

    upgrader: str
    base: str
    origin: _Hop = Field(alias="from")
    target: _Hop
    head: str
    instance: str | None = None
    retry: str | None = None
    closed: str | None = None
    settled: bool = True
    waiting: bool = False
    labelled: bool = False
    patch: _Patch | None = None
    draft: bool | None = None
    switching: bool = False
    unarmed: bool = False


_AS_THEY_ARE = frozenset(_Wire.model_fields) - {"upgrader", "origin", "target", "patch"}
"""Fields that a marker and its JSON have in common."""


def _hop(target: Target) -> _Hop:
    return _Hop(version=str(target.version), image=target.image)


def render(marker: Marker) -> str:
    """The comment that hides the marker in Markdown."""
    told = {
        "upgrader": marker.proposer,
        "from": _hop(marker.origin),
        "target": _hop(marker.target),
        "patch": _Patch(base=marker.patch.base, tree=marker.patch.tree) if marker.patch else None,
    }
    wire = _Wire.model_validate(told | {name: getattr(marker, name) for name in _AS_THEY_ARE})
    text = json.dumps(wire.model_dump(by_alias=True, exclude_defaults=True), separators=(",", ":"))
    for character in "<>-":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"<!-- gitops-upgrader {text} -->"


def read(body: str) -> Marker | None:
    """The marker in a body, or None where there is none. Raises MarkerUnreadable for a damaged one."""
    found = PATTERN.search(body)
    if not found:
        if _PRESENCE.search(body):
            raise MarkerUnreadable(
                "The hidden marker in the pull request's body is damaged.",
                remedy="Restore the body from its edit history, or close the pull request.",
            )
        return None
    try:
        wire = _Wire.model_validate_json(found.group(1))
        origin, target = wire.origin.target(), wire.target.target()
    except (ValidationError, ValueError) as error:
        raise MarkerUnreadable(
            "The hidden marker in the pull request's body is damaged.",
            remedy="Restore the body from its edit history, or close the pull request.",
        ) from error
    return Marker(
        proposer=wire.upgrader,
        origin=origin,
        target=target,
        patch=Patch(wire.patch.base, wire.patch.tree) if wire.patch else None,
        **{name: getattr(wire, name) for name in _AS_THEY_ARE},
    )


def replaced(body: str, marker: Marker) -> str:
    """The body with its marker exchanged, all else as it is; a body without one gets it at the end."""
    if PATTERN.search(body):
        return PATTERN.sub(lambda _: render(marker), body, count=1)
    return f"{body.rstrip()}\n\n{render(marker)}\n"
