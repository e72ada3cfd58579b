"""Whether what Flux and Argo CD deploy is taken from this repository, and from the branch that changes are proposed to.

Objects of other repositories stand beside those that deploy this one, with paths such as `./` that mean nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from gitops_upgrader.manifests import pointer
from gitops_upgrader.manifests.links import upward
from gitops_upgrader.manifests.node import Mapping, Node
from gitops_upgrader.manifests.origin import Origin, Relation, shown

GIT_REPOSITORY: Final = "GitRepository"
"""The kind of Flux's source that is a Git repository; all others are packed of anything."""


class Artifact(NamedTuple):
    """What a deployment takes its manifests from: whether it is this repository's, and what it is, for people."""

    relation: Relation
    what: str = ""


_ORDER: Final = (Relation.SAME, Relation.PERHAPS, Relation.OTHER)

OURS: Final = Artifact(Relation.SAME)


class Artifacts:
    """What the deployments of a repository take their manifests from.

    Args:
        origin: the repository.
        repositories: Flux's GitRepository objects in it, as they are deployed; asked for once, when one is referred to.
    """

    def __init__(self, origin: Origin, repositories: Callable[[], Iterable[Mapping]]) -> None:
        self._origin = origin
        self._repositories = repositories
        self._below: dict[tuple[str, str], list[Mapping]] | None = None
        self._has_own = False

    def flux(self, node: Mapping) -> Artifact:
        """That of a Flux Kustomization, by its `sourceRef`.

        A GitRepository that is not among the manifests is taken for this one, as what deploys a repository is often
        set up by other tools; but where this repository's own is among them, one that is not may be another. One that
        is in no folder above may be another cluster's, as long as this one's is set up otherwise.
        """
        reference = pointer.look(node, "spec", "sourceRef")
        kind, name = pointer.peek(reference, "kind"), pointer.peek(reference, "name")
        if kind not in {"", GIT_REPOSITORY} and "$" not in kind:
            return Artifact(Relation.PERHAPS, f"{kind} {name}, which may be a package of this repository or not")
        if not name or "$" in name or not self._origin.is_known:
            return OURS
        above = set(_folders(node))
        found = [
            self._git(one) if _folder(one) in above else _weakened(self._git(one))
            for one in self._named(node, reference, name)
        ]
        absent = Artifact(Relation.PERHAPS, f"{GIT_REPOSITORY} {name}, which may be this repository or not")
        default = absent if self._has_own else OURS
        return min(found, key=lambda one: _ORDER.index(one.relation), default=default)

    def argo(self, source: Node | None) -> Artifact:
        """That of a source of an Argo CD Application: `repoURL` and `targetRevision`."""
        url = pointer.peek(source, "repoURL")
        if url.lower().startswith("oci://"):
            return Artifact(Relation.PERHAPS, f"{shown(url)}, which may be a package of this repository or not")
        return self._of(url, pointer.peek(source, "targetRevision"))

    def _named(self, node: Mapping, reference: Node | None, name: str) -> list[Mapping]:
        """The GitRepository objects that a reference may mean: where several clusters' have one name, the nearest."""
        if self._below is None:
            self._below = {}
            for one in self._repositories():
                self._has_own = self._has_own or self._git(one).relation is Relation.SAME
                for folder in _folders(one):
                    self._below.setdefault((pointer.peek(one, "metadata", "name"), folder), []).append(one)
        space = pointer.peek(reference, "namespace") or pointer.peek(node, "metadata", "namespace")
        for folder in _folders(node):
            near = self._below.get((name, folder), [])
            found = [one for one in near if not space or pointer.peek(one, "metadata", "namespace") in {"", space}]
            if found:
                return found
        return []

    def _git(self, node: Mapping) -> Artifact:
        """That of a GitRepository; of several fields of `ref`, Flux takes the first of these."""
        spec = pointer.look(node, "spec")
        texts = {key: pointer.peek(spec, "ref", key) for key in ("commit", "name", "semver", "tag", "branch")}
        key = next((key for key, text in texts.items() if text), "branch")
        return self._of(pointer.peek(spec, "url"), f"refs/tags/{texts[key]}" if key == "tag" else texts[key])

    def _of(self, url: str, revision: str) -> Artifact:
        repository = self._origin.repository(url)
        if repository is not Relation.SAME:
            return Artifact(repository, f"{shown(url)}, which may be this repository or not")
        return Artifact(self._origin.revision(revision), f"{revision}, which is not the base branch")


def _folders(node: Node) -> Iterable[str]:
    """The folders that a node's file is in, the innermost first and the root last."""
    return dict.fromkeys((*upward(_folder(node)), ""))


def _folder(node: Node) -> str:
    return node.document.file.rpartition("/")[0]


def _weakened(artifact: Artifact) -> Artifact:
    """What is certain to be another repository, as what may be."""
    return artifact._replace(relation=Relation.PERHAPS) if artifact.relation is Relation.OTHER else artifact
