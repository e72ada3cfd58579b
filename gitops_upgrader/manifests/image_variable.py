"""Which variables of a Cluster hold its machine image: a guess from names and values, for people to confirm.

Nothing is edited on the strength of it: `locate` shows it, and `init` writes it down where a person reads it. The names
are those of public ClusterClasses (`imageName`, `imageId`, `amiID`, `vSphereTemplate`, `vmImageName`, ...).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.place import Found
from gitops_upgrader.manifests.query import VERSION_TEMPLATE, Scope, VariableWant
from gitops_upgrader.model import Json
from gitops_upgrader.versions import Version

_IMAGE: Final = re.compile(r"image|\bami|ami_?ids?$|template|snapshot|qcow", re.IGNORECASE)
"""What the name of an image's field has in it."""
_NO_IMAGE: Final = re.compile(
    r"(?:registry|registries|repo|repository|policy|gallery|project|org|owner|type|format|lookup|secrets?|size"
    r"|checksum\w*|namespace|datastore|folder|resourcegroup|publisher|offer|mirrors?)$",
    re.IGNORECASE,
)
"""What the name of a field beside it ends with."""
_VERSION: Final = re.compile(r"(?:k8s|kube(?:rnetes)?)?[-_]?version", re.IGNORECASE)
"""The name of a field that repeats the Cluster's version."""
_BUILD: Final = re.compile(r"(?<!\d)(?:20\d{6}|20\d\d-\d\d-\d\d)(?!\d)|(?<!\d)1[67]\d{8}(?!\d)")
"""A date or a time stamp: the image of another version has another one."""
_WELL_KNOWN: Final = re.compile(
    r"(?:vm|machine|docker|custom|node|os)?image(?:id|name|url|ref)?|ami(?:id)?|(?:vsphere|vm)?template(?:id|name)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place in a Cluster's variables that changes with the version, or may.

    Attributes:
        want: the place.
        text: what it holds now.
        template: the same with placeholders for the version; None where it does not name the version, so that nobody
            can tell what it will be.
        is_image: whether it looks like an image; else it only repeats the version.
    """

    want: VariableWant
    text: str
    template: str | None
    is_image: bool = True

    @property
    def label(self) -> str:
        """The place as messages name it."""
        where = f"{self.want.name}{self.want.path}"
        return f"{where} of {self.want.scope}" if self.want.scope else where


def candidates(found: Found) -> tuple[Candidate, ...]:
    """The places that may hold the image, likeliest first: those that name the version before all others."""
    version = _parsed(found.version)
    everything: list[tuple[Scope | None, Mapping[str, Json]]] = [(None, found.variables), *found.overrides.items()]
    made = [
        candidate
        for scope, variables in everything
        for name, value in variables.items()
        for path, keys, scalar in _scalars(value, "", (name,))
        if (candidate := _candidate(VariableWant(name, path, scope), keys, scalar, version)) is not None
    ]
    return tuple(sorted(made, key=_rank))


def image(found: Found) -> Candidate | None:
    """The likeliest place of the image; None where no variable looks like one."""
    return next((candidate for candidate in candidates(found) if candidate.is_image), None)


def templated(text: str, version: Version) -> str | None:
    """A text with placeholders where it names a version; None where it does not, or also says when it was built.

    >>> templated("ubuntu-2404-kube-v1.33.5", Version.parse("v1.33.5"))
    'ubuntu-2404-kube-$(KUBERNETES_VERSION)'
    >>> templated("rke2-1.33.5", Version.parse("v1.33.5+rke2r1"))
    'rke2-$(MAJOR).$(MINOR).$(PATCH)'
    >>> templated("kube-v1.33.5-20260301", Version.parse("v1.33.5"))
    """
    if str(version.minor) not in text or _BUILD.search(text):
        return None
    for pattern, placeholder in _spelled(version):
        if pattern.search(text):
            parts = [part.replace("$", "$$") for part in pattern.split(text)]
            rest = "".join(parts)
            numbers = placeholder == _NUMBERS and version.build and version.build in rest
            return None if numbers else placeholder.join(parts)
    return None


_NUMBERS: Final = "$(MAJOR).$(MINOR).$(PATCH)"


@lru_cache(maxsize=64)
def _spelled(version: Version) -> tuple[tuple[re.Pattern[str], str], ...]:
    """What finds each form of a version in a text. A fleet has few versions, and thousands of values to look at."""
    return tuple(
        (re.compile(rf"(?<![\d.]){re.escape(form)}(?!\d|\.\d)", re.IGNORECASE), placeholder)
        for form, placeholder in _forms(version)
    )


def _forms(version: Version) -> Iterator[tuple[str, str]]:
    """How a name may spell a version, longest first."""
    yield version.with_v, VERSION_TEMPLATE
    yield version.with_v.replace("+", "-"), "$(VERSION_SLUG)"
    yield version.without_v, "$(VERSION_NO_V)"
    yield f"{version.major}.{version.minor}.{version.patch}", _NUMBERS
    yield f"{version.major}-{version.minor}-{version.patch}", "$(MAJOR)-$(MINOR)-$(PATCH)"


def _candidate(want: VariableWant, keys: tuple[str, ...], scalar: Json, version: Version | None) -> Candidate | None:
    text = str(scalar)
    template = templated(text, version) if version is not None else None
    if template == VERSION_TEMPLATE or template == "$(VERSION_NO_V)":
        return Candidate(want, text, template, is_image=False) if _VERSION.fullmatch(keys[-1]) else None
    if template is None and not _named_so(keys):
        return None
    return Candidate(want, text, template)


def _named_so(keys: tuple[str, ...]) -> bool:
    """Whether a field is named as an image is: by its own key, or by the one around a mere `name`."""
    own = keys[-1]
    if _NO_IMAGE.search(own):
        return False
    around = len(keys) > 1 and re.fullmatch(r"id|name|url|ref|uuid", own, re.IGNORECASE) and _IMAGE.search(keys[-2])
    return bool(_IMAGE.search(own) or around)


def _rank(candidate: Candidate) -> tuple[bool, bool, bool, bool]:
    """What speaks for a candidate; of equal ones the first in the Cluster wins."""
    name = candidate.want.path.rpartition("/")[2] or candidate.want.name
    return (
        not candidate.is_image,
        candidate.template is None,
        candidate.want.scope is not None,
        not _WELL_KNOWN.fullmatch(name),
    )


def _scalars(value: Json, path: str, keys: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...], Json]]:
    """Every text and number in a value, with its JSON pointer and the keys around it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scalars(inner, f"{path}/{pointer.escape(key)}", (*keys, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _scalars(inner, f"{path}/{index}", keys)
    elif isinstance(value, str | int) and not isinstance(value, bool) and str(value):
        yield path, keys, value


def _parsed(text: str | None) -> Version | None:
    """The Cluster's version. A text that is none has been refused before: then there is no text here."""
    return Version.parse(text) if text else None
