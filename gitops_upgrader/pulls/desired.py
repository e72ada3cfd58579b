"""What a proposal should be: everything that goes into its commit and its pull request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gitops_upgrader.forges.protocol import MergeMethod, People
from gitops_upgrader.git import Person
from gitops_upgrader.git.signing import Signer
from gitops_upgrader.model import Edit, Target


@dataclass(frozen=True, slots=True)
class Change:
    """An edit with its name for people (`version`, `variable imageId`) and the page that shows the line."""

    edit: Edit
    what: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Desired:
    """A proposal as it should be.

    Attributes:
        proposer: `<namespace>/<upgrader>`, or `cluster/<namespace or ->/<cluster>` without custom resources.
        cluster: `<namespace>/<name>`.
        base: the base branch, and `base_commit` where it points.
        files: the new bytes of each changed file.
        why: why this hop, in words; `considered`: what else there was and why not; `notes`: what a reviewer must know.
        title: of the pull request. `message`: of the commit, without details and trailers.
        retry: the value of the upgrader's `retry` annotation.
    """

    proposer: str
    cluster: str
    base: str
    base_commit: str
    origin: Target
    target: Target
    files: Mapping[str, bytes]
    changes: tuple[Change, ...]
    title: str
    message: str
    author: Person
    why: str = ""
    considered: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    instance: str | None = None
    retry: str | None = None
    sign_off: bool = False
    signer: Signer | None = None
    draft: bool = False
    people: People = field(default_factory=People)
    auto_merge: MergeMethod | None = None

    @property
    def refreshes(self) -> bool:
        """Whether the image alone changes, the version staying."""
        return self.origin.version == self.target.version

    @property
    def settles(self) -> bool:
        """Whether something has to be set on the pull request after it is opened."""
        return self.people != People() or self.auto_merge is not None
