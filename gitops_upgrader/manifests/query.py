"""What to look for in a repository's manifests, and what to write there: values that callers make."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

from gitops_upgrader.model import Json

VERSION_TEMPLATE: Final = "$(KUBERNETES_VERSION)"
"""A target's value where none is given."""


class ScopeKind(enum.Enum):
    """Which part of a Cluster's topology a variable override belongs to."""

    CONTROL_PLANE = "controlPlane"
    MACHINE_DEPLOYMENT = "machineDeployment"
    MACHINE_POOL = "machinePool"


@dataclass(frozen=True, slots=True)
class Scope:
    """The owner of a variable override. A control plane has no name, the others always have one."""

    kind: ScopeKind
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}".rstrip()


@dataclass(frozen=True, slots=True)
class VariableWant:
    """One variable of the topology to set.

    `path` is a JSON pointer (RFC 6901) inside the variable's value, empty for the whole of it. No `scope`:
    `spec.topology.variables`; else the overrides of that part of the topology.
    """

    name: str
    path: str = ""
    scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class DocumentWant:
    """Which document of a file is meant. Every field that is not empty must be equal."""

    api_version: str = ""
    kind: str = ""
    name: str = ""
    namespace: str = ""

    def __str__(self) -> str:
        name = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return " ".join(part for part in (self.api_version, self.kind, name) if part) or "any document"


class Role(enum.Enum):
    """What a place holds, and so which of the `Values` is written there."""

    VERSION = "version"
    """The whole version; with a leading `v` where the text that it replaces has one."""
    VERSION_NO_V = "versionNoV"
    """The whole version without its `v`."""
    MINOR = "minor"
    """The minor, in the form that is there: `34`, `1.34` or `v1.34`."""
    IMAGE = "image"
    """The image's id."""
    CLASS = "class"
    """The ClusterClass's name."""
    VARIABLE = "variable"
    """A variable of the topology."""
    TARGET = "target"
    """A target's own template, which holds more than one placeholder alone."""


@dataclass(frozen=True, slots=True)
class TargetWant:
    """A place that somebody named: one of an upgrader's `spec.targets`.

    `path` is a file, from the root. `pointer` is a JSON pointer in the document with two additions: `[name=prod]`
    picks the item of a list whose key `name` is `prod`, and `|` after the pointer of a block scalar goes on inside
    the YAML that it holds (`/data/values.yaml|/kubernetesVersion`). `template` is the target's value as it was
    given; the caller expands it into `Values.targets`.
    """

    path: str
    pointer: str
    document: DocumentWant = DocumentWant()
    template: str = VERSION_TEMPLATE

    @property
    def role(self) -> Role:
        """What the template makes of the place: a placeholder alone has its own role."""
        roles = {VERSION_TEMPLATE: Role.VERSION, "$(VERSION_NO_V)": Role.VERSION_NO_V, "$(IMAGE_ID)": Role.IMAGE}
        return roles.get(self.template, Role.TARGET)

    def holds(self, *placeholders: str) -> bool:
        """Whether the template names one of these placeholders (without `$()`)."""
        return any(f"$({name})" in self.template for name in placeholders)


@dataclass(frozen=True, slots=True)
class Query:
    """Which Cluster to find, and which of its fields.

    `namespace` None matches every namespace, and a Cluster without a namespace matches every `namespace`. `owner`
    is what setter comments name: `<namespace>/<upgrader>`, or `cluster/<namespace>/<name>` without custom
    resources. `topology_class`: the class is to be found as well. `paths` are globs from the root; a folder means
    everything in it; none means everything.
    """

    name: str
    namespace: str | None = None
    owner: str | None = None
    variables: tuple[VariableWant, ...] = ()
    topology_class: bool = False
    targets: tuple[TargetWant, ...] = ()
    paths: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The Cluster as messages name it."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


@dataclass(frozen=True, slots=True)
class Values:
    """What to write. None leaves the places of that role as they are.

    `variables` are in the order of `Query.variables`, and `targets` in the order of `Query.targets`. `image` is for
    setter comments and targets that ask for the image.
    """

    version: str | None = None
    image: str | None = None
    topology_class: str | None = None
    variables: tuple[Json, ...] = ()
    targets: tuple[Json, ...] = ()
