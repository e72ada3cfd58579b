"""The custom resources of a first set, with the words that explain them: decided from values alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gitops_upgrader import api
from gitops_upgrader.api import API_VERSION
from gitops_upgrader.cli.init.document import Document
from gitops_upgrader.cli.init.family import Choice, Family
from gitops_upgrader.cli.streams import printable
from gitops_upgrader.errors import ManifestError
from gitops_upgrader.manifests import Found
from gitops_upgrader.versions import Version

Line = tuple[int, int]
"""A major and minor number."""

SOURCE: Final = "kubernetes"
REPOSITORY: Final = "default"


@dataclass(frozen=True, slots=True)
class Packages:
    """Where releases are published.

    Attributes:
        root: the URL above `/core:/stable:/vMAJOR.MINOR/deb/`.
        published: the minors that were looked for, with their newest release, None where there is none; empty where
            nobody could look.
    """

    root: str
    architecture: str
    published: Mapping[Line, Version | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """The repository, as far as it can be told. `provider` is None where nobody knows."""

    url: str
    provider: str | None
    branch: str | None = None
    is_guessed_by_host: bool = True


@dataclass(frozen=True, slots=True)
class Draft:
    """What to write, file by file; what is left out of it; and what a person has to look at."""

    files: Mapping[str, tuple[Document, ...]]
    left_out: tuple[str, ...]
    unknown: tuple[str, ...]


def home(found: Iterable[Found]) -> str:
    """The namespace of everything: the one that most Clusters are in."""
    counted = Counter(item.namespace for item in found if item.namespace)
    return min(counted, key=lambda name: (-counted[name], name)) if counted else "default"


def upgrader_name(found: Found, others: Iterable[Found]) -> str:
    """A name for the upgrader of a Cluster: the Cluster's, with its namespace where others have the same name."""
    same = sum(other.name == found.name for other in others)
    return f"{found.namespace or 'default'}-{found.name}" if same > 1 else found.name


def draft(
    families: Sequence[Family],
    refused: Sequence[tuple[Found, ManifestError]],
    origin: Origin,
    packages: Packages,
    namespace: str,
) -> Draft:
    """Write down what the Clusters of a repository need."""
    every = [choice.found for family in families for choice in family.choices]
    plain = [family for family in families if not family.has_flavour]
    files: dict[str, tuple[Document, ...]] = {"repository.yaml": (_repository(origin, namespace),)}
    sources = [_debian(plain, packages, namespace)] if plain else []
    sources += [_list(family, namespace) for family in families if family.has_flavour and family.template_known]
    if sources:
        files["versions.yaml"] = tuple(sources)
    files["images.yaml"] = tuple(one for family in families for one in _images(family, packages, namespace))
    files["plan.yaml"] = tuple(_plan(family, packages, namespace) for family in families)
    files["upgraders.yaml"] = tuple(
        _upgrader(choice, family, upgrader_name(choice.found, every), namespace)
        for family in families
        for choice in family.choices
    )
    left_out = tuple(f"Left out is {item.label} ({item.file}:{item.line}): {error}" for item, error in refused)
    return Draft(files, left_out, tuple(_unknown(families, origin, packages)))


def mistakes(choice: Choice, name: str, namespace: str) -> str:
    """Why there can be no upgrader for a Cluster, in words: what it is called, for example; empty where there can."""
    document = _upgrader(choice, Family("x", None, (choice,)), name, namespace)
    return "; ".join(f"{problem.field}: {problem.sentence}" for problem in api.check(document.content))


def target_line(family: Family, packages: Packages) -> Line:
    """The minor that a family goes to: the one after the newest it runs, where that is published; else that one."""
    major, minor = family.lines[-1]
    following = (major, minor + 1)
    return following if not family.has_flavour and packages.published.get(following) else (major, minor)


def _object(kind: str, name: str, namespace: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace},
        "spec": dict(spec),
    }


def _repository(origin: Origin, namespace: str) -> Document:
    spec: dict[str, Any] = {"url": origin.url}
    notes: dict[tuple[str, ...], str] = {}
    if origin.branch:
        spec["branch"] = origin.branch
    if origin.provider is None:
        spec["provider"] = "none"
        note = "The host does not tell which forge it is. Write github, gitlab or gitea; none pushes branches only."
        notes["spec", "provider"] = note
    elif not origin.is_guessed_by_host:
        spec["provider"] = origin.provider
    return Document(
        _object("GitOpsRepository", REPOSITORY, namespace, spec),
        "The repository with the Cluster manifests. Upgraders that name no other use the one called `default`. On the "
        "command line a token comes from the environment (GITHUB_TOKEN, GITLAB_TOKEN, GITEA_TOKEN); in a cluster name "
        "a Secret with spec.secretRef.",
        notes,
    )


def _debian(families: Sequence[Family], packages: Packages, namespace: str) -> Document:
    lines = sorted({line for family in families for line in _lines(family, packages)}, reverse=True)
    known = [line for line in lines if packages.published.get(line) or not packages.published] or lines
    urls = [f"{packages.root}/core:/stable:/v{major}.{minor}/deb/" for major, minor in known]
    spec: dict[str, Any] = {"url": urls[0]}
    if urls[1:]:
        spec["urls"] = urls[1:]
    return Document(
        _object("DebianRepositorySource", SOURCE, namespace, spec | {"architecture": packages.architecture}),
        "Where Kubernetes versions come from: the community's Debian repositories, one for each minor. When a new "
        "minor is released, add its repository here.",
    )


def _list(family: Family, namespace: str) -> Document:
    versions = sorted({choice.version for choice in family.choices})
    content = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": f"{family.name}-versions", "namespace": namespace},
        "data": {"versions": "".join(f"{version.with_v}\n" for version in versions)},
    }
    return Document(
        content,
        "The releases of your distribution, one a line. These are the ones that your clusters run: add newer ones, "
        "and nothing is proposed before you do.",
    )


def _images(family: Family, packages: Packages, namespace: str) -> list[Document]:
    if not family.template_known:
        return [_built(family, version, text, namespace) for version, text in family.images().items()]
    template = family.template or "kubernetes-$(VERSION_SLUG)"
    comment = "What a machine image is called; guessed from the Clusters. The placeholder is what changes."
    if not family.has_image:
        comment = (
            "These clusters' classes find the image by the version, so that nothing but the version changes. An image "
            "stands for the release here, and nobody reads its id."
        )
    made = {"template": {"metadata": {"labels": {"image": family.name}}, "spec": {"id": template}}}
    return [
        Document(_object("MachineImageTemplate", family.name, namespace, made), comment),
        _syncer(family, packages, namespace),
    ]


def _syncer(family: Family, packages: Packages, namespace: str) -> Document:
    (major, minor), (_, last) = family.lines[0], target_line(family, packages)
    source = {"apiVersion": API_VERSION, "kind": "DebianRepositorySource", "name": SOURCE}
    if family.has_flavour:
        source = {"apiVersion": "v1", "kind": "ConfigMap", "name": f"{family.name}-versions"}
    spec = {
        "versionRange": _range((major, minor), (major, last), family),
        "policy": "LatestPerMinor",
        "sourceRef": source,
        "machineImageTemplateRef": {"apiVersion": API_VERSION, "kind": "MachineImageTemplate", "name": family.name},
    }
    comment = (
        "Which versions get an image: the newest patch release of each minor. All minors on the way are needed, as "
        "Cluster API takes one minor at a time."
    )
    return Document(_object("MachineImageSyncer", family.name, namespace, spec), comment)


def _built(family: Family, version: str, text: str, namespace: str) -> Document:
    name = f"{family.name}-{version.replace('+', '-')}".lower()
    content = _object("MachineImage", name, namespace, {"version": version, "id": text})
    content["metadata"]["labels"] = {"image": family.name}
    return Document(
        content,
        f"The image of {version}, as it stands in your Clusters. Its id does not say which image the next version "
        "has: write down each newer image like this one, or let a Job build it (MachineImageSyncer).",
    )


def _plan(family: Family, packages: Packages, namespace: str) -> Document:
    line = target_line(family, packages)
    spec = {
        "versionRange": _range(line, line, family) if family.choices[0].version.prerelease else _minor(line) + ".x",
        "machineImageSelector": {"matchLabels": {"image": family.name}},
    }
    newest = packages.published.get(line)
    words = f", {newest} as of today" if newest and not family.has_flavour else ""
    return Document(
        _object("Plan", family.name, namespace, spec),
        f"Where these clusters are going: the newest image of {_minor(line)}{words}. Raise it when you want to go on.",
    )


def _upgrader(choice: Choice, family: Family, name: str, namespace: str) -> Document:
    found = choice.found
    spec: dict[str, Any] = {"clusterName": found.name}
    if found.namespace and found.namespace != namespace:
        spec["clusterNamespace"] = found.namespace
    spec["planRef"] = {"name": family.name}
    spec |= choice.variables()
    notes: dict[tuple[str, ...], str] = {}
    if choice.others:
        field_ = next((key for key in ("topologyVariable", "topologyVariables") if key in spec), "planRef")
        listed = ", ".join(f"{one.label} ({_short(one.text)})" for one in choice.others)
        notes["spec", field_] = f"Is this the image? These look like one as well, and stay as they are: {listed}."
    if choice.class_template:
        spec["topologyClass"] = choice.class_template
        notes["spec", "topologyClass"] = (
            "The class's name carries the version, so it changes too. The class must exist."
        )
    place = found.place or found
    comment = f"Cluster {found.label}, whose version is in {printable(place.file)}."
    return Document(_object("ClusterClassClusterUpgrader", name, namespace, spec), comment, notes)


def _lines(family: Family, packages: Packages) -> list[Line]:
    (major, first), (_, last) = family.lines[0], target_line(family, packages)
    return [(major, minor) for minor in range(first, last + 1)]


def _range(first: Line, last: Line, family: Family) -> str:
    """A range over whole minors; versions with a prerelease are in it only where it names one."""
    prerelease = ".0-0" if family.choices[0].version.prerelease else ""
    return f">={first[0]}.{first[1]}{prerelease} <{last[0]}.{last[1] + 1}{prerelease}"


def _minor(line: Line) -> str:
    return f"v{line[0]}.{line[1]}"


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _unknown(families: Sequence[Family], origin: Origin, packages: Packages) -> Iterable[str]:
    """What a person has to look at, in words."""
    if origin.provider is None:
        yield f"which forge {origin.url} is on: set provider in repository.yaml (now none, which pushes branches only)"
    if any(not family.has_flavour for family in families) and not packages.published:
        yield f"whether there is a newer minor: {packages.root} did not answer; add its repository to versions.yaml"
    for family in families:
        if family.has_image and not family.template_known:
            yield f"how the ids of newer images read ({family.name}): add a MachineImage for each to images.yaml"
        if family.has_flavour and family.template_known:
            yield f"which newer releases your distribution has ({family.name}): add them to versions.yaml"
        for choice in family.choices:
            if choice.others and choice.image is not None:
                yield (
                    f"whether the image of {choice.found.label} is in {choice.image.label}, or in "
                    f"{' or '.join(one.label for one in choice.others)}: look at upgraders.yaml"
                )
