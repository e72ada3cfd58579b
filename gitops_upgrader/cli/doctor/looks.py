"""The looks themselves: at this machine, at custom resources, at repositories and their forges, at packages."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from gitops_upgrader.api import ClusterClassClusterUpgrader, DebianRepositorySource, GitOpsRepository
from gitops_upgrader.api.names import GROUP
from gitops_upgrader.cli.doctor import forge
from gitops_upgrader.cli.doctor.finding import Finding, Grade, of_error
from gitops_upgrader.cli.doctor.secret import judge_secret
from gitops_upgrader.errors import (
    BranchNotFound,
    GitError,
    GitMissing,
    ProviderUnknown,
    UpgraderError,
)
from gitops_upgrader.forges.environment import token_hint
from gitops_upgrader.forges.rights import rights
from gitops_upgrader.git.process import find_git, run
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers import source
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.references import read
from gitops_upgrader.reconcilers.repository import DEFAULT_NAME, Access, access, from_command_line
from gitops_upgrader.reconcilers.scope import Scope, key_of

_PROBE = "doctor/branch"
"""What stands behind the prefix in the name of a branch that forges are asked about; it is never made."""


@dataclass(slots=True)
class Heard:
    """The headers of the last answer of each forge; to be told of every answer."""

    headers: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def __call__(self, provider: str, _status: int, headers: Mapping[str, str]) -> None:
        """Note an answer."""
        self.headers[provider] = dict(headers)


def look_at_git() -> Finding:
    """The `git` program of this machine."""
    try:
        program = find_git(os.environ.get("PATH"))
    except GitMissing as error:
        return of_error("git", "", error)
    told = run([program, "version"], environment={"LC_ALL": "C"}, timeout=30).out.decode("utf-8", "replace")
    return Finding("git", "", Grade.OK, f"{told.strip()} at {program}.")


def accesses(scope: Scope, workspaces: Workspaces) -> Iterator[Access | Finding]:
    """Every repository that is described; or what is wrong with its description, its Secrets above all."""
    found = [read(stored, GitOpsRepository) for stored in scope.store.list(GROUP, GitOpsRepository.KIND)]
    for repository in found:
        try:
            yield access(scope, repository, workspaces.line)
        except UpgraderError as error:
            yield of_error("repository", str(key_of(repository)), error)
    if workspaces.line.repo is not None and not found:
        try:
            yield from_command_line(workspaces.line)
        except UpgraderError as error:
            yield of_error("repository", workspaces.line.repo, error)
    yield from _not_described(scope, workspaces, {key_of(repository) for repository in found})


def _not_described(scope: Scope, workspaces: Workspaces, known: set[ObjectKey]) -> Iterator[Finding]:
    """Upgraders that name no repository, where none is the default one."""
    if workspaces.line.repo is not None:
        return
    for stored in scope.store.list(GROUP, ClusterClassClusterUpgrader.KIND):
        upgrader = read(stored, ClusterClassClusterUpgrader)
        default = ObjectKey(GROUP, GitOpsRepository.KIND, stored.key.namespace, DEFAULT_NAME)
        if upgrader.spec.repository_ref is None and default not in known:
            yield Finding(
                "repository",
                str(stored.key),
                Grade.MEND,
                f"It names no repository, and there is no {default}.",
                f"Add a GitOpsRepository called {DEFAULT_NAME}, set spec.repositoryRef, or give --repo.",
            )


def look_at_repository(workspaces: Workspaces, found: Access, heard: Heard, now: datetime) -> Iterator[Finding]:
    """One repository: its Secret, the way in, its base branch, and what its forge says."""
    judged = judge_secret(found)
    if judged is not None:
        yield judged
    try:
        workspace = workspaces.get(found)
        message = f"{workspace.url}: {workspace.branch} is at {workspace.commit[:12]}."
        yield Finding("base-branch", found.name, Grade.OK, message)
    except BranchNotFound as error:
        yield of_error("base-branch", found.name, error)
    except ProviderUnknown as error:
        yield of_error("provider", found.name, error)
        return
    except GitError as error:
        yield of_error("git-access", found.name, error)
    except UpgraderError as error:
        yield of_error("forge", found.name, error)
        return
    yield from _look_at_forge(workspaces, found, heard, now)


def _look_at_forge(workspaces: Workspaces, found: Access, heard: Heard, now: datetime) -> Iterator[Finding]:
    prefix = found.spec.pull_request.branch_prefix
    provider = ""
    try:
        provider, connection = workspaces.connection(found)
        hasty = replace(connection, settings=replace(connection.settings, retries=0))  # a person waits for the answer
        told = rights(provider, hasty, f"{prefix}{_PROBE}")
        if told is None:
            return
        yield from forge.judge_rights(found.name, told, token_hint(provider, connection.address))
        yield forge.judge_rules(found.name, prefix, told)
    except UpgraderError as error:
        yield of_error("token", found.name, error)
    clock = forge.judge_clock(found.name, heard.headers.get(provider, {}), now)
    if clock is not None:
        yield clock


def look_at_sources(scope: Scope) -> Iterator[Finding]:
    """The repositories of packages: whether they answer, and whether their signatures hold."""
    for stored in scope.store.list(GROUP, DebianRepositorySource.KIND):
        found = read(stored, DebianRepositorySource)
        result = source.reconcile(scope, found)
        subject = str(stored.key)
        if result.problem is not None:
            yield of_error("packages", subject, result.problem)
        elif found.spec.paused:
            yield Finding("packages", subject, Grade.NOTE, "This source is paused, so nobody looked.")
        elif found.spec.signed_by is None:
            remedy = "Name the repository's key with spec.signedBy, so that nobody in between can invent a version."
            yield Finding("packages", subject, Grade.NOTE, f"{result.message} Signatures are not looked at.", remedy)
        else:
            yield Finding("packages", subject, Grade.OK, f"{result.message} Their signatures hold.")
