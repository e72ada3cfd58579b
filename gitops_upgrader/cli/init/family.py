"""What is made of each Cluster, and which of them share their images: decided from values alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gitops_upgrader.manifests import Found
from gitops_upgrader.manifests.class_name import class_template
from gitops_upgrader.manifests.image_variable import Candidate, candidates
from gitops_upgrader.versions import Version

_LONGEST: Final = 40
"""Characters of a family's name: the names of its MachineImages have a version behind it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One Cluster, and what changes in it.

    Attributes:
        chosen: the variables that change with the version; the image's first.
        others: those that look like an image as well, and were not chosen.
        class_template: the class's name, where it carries the version.
    """

    found: Found
    version: Version
    chosen: tuple[Candidate, ...]
    others: tuple[Candidate, ...]
    class_template: str | None

    @property
    def image(self) -> Candidate | None:
        """The variable that holds the image; None where the class finds the image by the version."""
        return next((one for one in self.chosen if one.is_image), None)

    @property
    def is_opaque(self) -> bool:
        """Whether the image's id does not name the version, so that nobody can tell the next one."""
        return self.image is not None and self.image.template is None

    @property
    def has_flavour(self) -> bool:
        """Whether the version is a distribution's own, `v1.34.2+rke2r1`."""
        return bool(self.version.flavour)

    def variables(self) -> dict[str, Any]:
        """The fields of an upgrader's spec that name the variables."""
        entries = [self._entry(one) for one in self.chosen]
        if len(entries) == 1 and entries[0].keys() == {"name"}:
            return {"topologyVariable": entries[0]["name"]}
        return {"topologyVariables": entries} if entries else {}

    def _entry(self, candidate: Candidate) -> dict[str, Any]:
        entry: dict[str, Any] = {"name": candidate.want.name}
        if candidate.want.path:
            entry["path"] = candidate.want.path
        if candidate.template is not None and (self.image is None or candidate.template != self.image.template):
            entry["value"] = candidate.template
        if candidate.want.scope is not None:
            entry["scope"] = {candidate.want.scope.kind.value: candidate.want.scope.name or True}
        return entry


@dataclass(frozen=True, slots=True)
class Family:
    """Clusters that share a Plan and its images.

    Attributes:
        name: of the Plan, and of all that makes its images.
        template: the image's id; None where ids do not name the version.
    """

    name: str
    template: str | None
    choices: tuple[Choice, ...] = field(default=())

    @property
    def has_flavour(self) -> bool:
        """Whether its versions are a distribution's own."""
        return self.choices[0].has_flavour

    @property
    def lines(self) -> list[tuple[int, int]]:
        """The minors that its clusters run, ascending."""
        return sorted({choice.version.line for choice in self.choices})

    @property
    def has_image(self) -> bool:
        """Whether a variable of its clusters holds the image."""
        return self.choices[0].image is not None

    @property
    def template_known(self) -> bool:
        """Whether the id of an image follows from its version, or matters to nobody."""
        return self.template is not None or not self.has_image

    def images(self) -> dict[str, str]:
        """The ids that are there, by version; for images that do not name theirs."""
        held = [(choice.version, choice.image.text) for choice in self.choices if choice.image is not None]
        return {version.with_v: text for version, text in sorted(held)}


def choose(found: Found) -> Choice:
    """Choose the variables of a Cluster that change with the version."""
    version = Version.parse(found.version or "")
    every = candidates(found)
    named = tuple(one for one in every if one.template is not None)
    if any(one.is_image for one in named):
        rest = tuple(one for one in every if one.template is None)
        return Choice(found, version, named, rest, class_template(found.cls, version) if found.cls else None)
    opaque = [one for one in every if one.template is None]
    same = tuple(one for one in opaque if one.text == opaque[0].text)
    rest = tuple(one for one in opaque if one.text != opaque[0].text)
    return Choice(found, version, (*same, *named), rest, class_template(found.cls, version) if found.cls else None)


def families(choices: Iterable[Choice]) -> tuple[Family, ...]:
    """Group Clusters whose images have one pattern; those with images of no pattern, where they do not contradict."""
    made: list[Family] = []
    for choice in choices:
        index = next((index for index, family in enumerate(made) if _fits(family, choice)), None)
        if index is None:
            template = choice.image.template if choice.image else None
            made.append(Family(_unique(_named_after(choice), {one.name for one in made}), template, (choice,)))
        else:
            made[index] = replace(made[index], choices=(*made[index].choices, choice))
    return tuple(made)


def _fits(family: Family, choice: Choice) -> bool:
    first = family.choices[0]
    if (first.version.flavour, first.image is None) != (choice.version.flavour, choice.image is None):
        return False
    if choice.image is None or not choice.is_opaque:
        return not first.is_opaque and family.template == (choice.image.template if choice.image else None)
    known = family.images().get(choice.version.with_v, choice.image.text)
    return first.is_opaque and known == choice.image.text


def _named_after(choice: Choice) -> str:
    text = (choice.image.template or choice.image.want.name) if choice.image else "kubernetes"
    last = text.rstrip("/").rpartition("/")[2]
    bare = re.sub(r"\$\([A-Z_]+\)", "-", last).lower()
    slug = re.sub(r"[^a-z0-9]+", "-", bare)[:_LONGEST].strip("-")
    return slug or "images"


def _unique(name: str, taken: set[str]) -> str:
    numbers = (f"{name}-{number}" for number in range(2, len(taken) + 3))
    return next(one for one in (name, *numbers) if one not in taken)
