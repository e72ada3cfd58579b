"""GitOpsRepository: where a repository is, how to get in, and how it wants its pull requests.

What is configured comes from three places: the object, a Flux GitRepository that it may refer to, and the command
line over both. This module makes one value of them; `opened.py` opens it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from gitops_upgrader.api import ClusterClassClusterUpgrader, GitOpsRepository
from gitops_upgrader.api.gitops_repository import GitOpsRepositorySpec
from gitops_upgrader.api.names import GROUP
from gitops_upgrader.errors import CrossNamespaceReference, InvalidObject, LocalRepositoryRefused, Where
from gitops_upgrader.git import DETACHED, Checkout, Location
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers.references import is_left_out, read, required, secret_data
from gitops_upgrader.reconcilers.scope import Scope, key_of

FLUX = "source.toolkit.fluxcd.io"
DEFAULT_NAME = "default"
"""The GitOpsRepository of upgraders that name none, so that upstream's objects work as they are."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What a person says on the command line, over the objects.

    Attributes:
        repo: a path or URL in place of the object's.
        environ: where tokens may be, each for its own host; empty in a controller, which uses none of them.
        folder: what relative paths start from.
    """

    repo: str | None = None
    branch: str | None = None
    provider: str | None = None
    instance: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    folder: Path = Path()


@dataclass(frozen=True, slots=True)
class Access:
    """One repository: where it is, and what opens it. Equal keys share a workspace.

    Attributes:
        location: where it is.
        reference: a checkout of it, whose objects need not be fetched.
        branch: the base branch; None for the one that the remote's HEAD names.
        provider: the forge; None where its host tells.
        git_secret, api_secret: Secrets as `namespace/name` and data; None where none is named.
        typed: the location was given on the command line.
    """

    location: Location
    reference: Checkout | None
    branch: str | None
    provider: str | None
    api_url: str | None
    spec: GitOpsRepositorySpec
    name: str
    git_secret: tuple[str, Mapping[str, bytes]] | None = field(default=None, repr=False)
    api_secret: tuple[str, Mapping[str, bytes]] | None = field(default=None, repr=False)
    proxy_secret: tuple[str, Mapping[str, bytes]] | None = field(default=None, repr=False)
    typed: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """What workspaces are shared by: the normalised URL, the branch, and what opens it.

        Without the credentials in it, whoever knows a URL could work through somebody else's access.
        """
        prefix = self.spec.pull_request.branch_prefix
        proxy = self.proxy_secret[0] if self.proxy_secret else None  # by name, as `way_of` has it
        return self.location.normalised, self.branch, self.provider, self.api_url, prefix, proxy, self.opens

    @property
    def opens(self) -> tuple[object, ...]:
        """The credentials: equal for those who may do the same there."""
        secrets = (self.git_secret, self.api_secret, self.proxy_secret)
        return tuple(tuple(sorted(secret[1].items())) if secret else None for secret in secrets)


def repository_of(scope: Scope, upgrader: ClusterClassClusterUpgrader, line: CommandLine) -> GitOpsRepository | None:
    """The GitOpsRepository of an upgrader; None where it names none and the command line stands in.

    Raises:
        ObjectNotFound, ObjectUnusable: there is none, or a wrong one, and no --repo.
        CrossNamespaceReference: it does not admit the upgrader's namespace.
    """
    home, reference = key_of(upgrader), upgrader.spec.repository_ref
    where = Where(object=str(home), field="spec.repositoryRef")
    namespace = reference.namespace or home.namespace if reference else home.namespace
    name = reference.name if reference else DEFAULT_NAME
    key = ObjectKey(GROUP, GitOpsRepository.KIND, namespace, name)
    if reference is None and line.repo is not None and scope.store.get(key) is None and not is_left_out(scope, key):
        return None
    stored = required(scope, key, where, "Create it, or name the repository with --repo.")
    repository = read(stored, GitOpsRepository)
    if namespace != home.namespace and home.namespace not in repository.spec.allowed_namespaces:
        raise CrossNamespaceReference(
            f"GitOpsRepository {namespace}/{name} does not admit namespace {home.namespace!r}.",
            where=where,
            remedy="Add the namespace to its spec.allowedNamespaces.",
        )
    return repository


def access(scope: Scope, repository: GitOpsRepository, line: CommandLine) -> Access:
    """Make one value of the object, Flux's object, and the command line.

    Raises:
        InvalidLocation: an address is none.
        LocalRepositoryRefused: a controller was pointed at a folder of its own machine.
        ObjectError: a reference leads nowhere, or a Secret cannot be read.
    """
    found = _configured(scope, repository, line)
    return _with_line(_overridden(found, line) if line.repo is not None else found, line)


def location_of(scope: Scope, repository: GitOpsRepository, line: CommandLine) -> Location:
    """Where a repository is, without a look at its Secrets.

    Raises:
        InvalidLocation: the address is none.
        ObjectError: Flux's object is not there, or has no address.
    """
    url = repository.spec.url if repository.spec.source_ref is None else _flux(scope, repository).url
    return Location.parse(url or "", line.folder)


def way_of(scope: Scope, repository: GitOpsRepository) -> str:
    """What leads there besides its address, without a look at Secrets: a forge of its own, a proxy; empty for neither.

    Who names one may be kept waiting by it. What shares a workspace has it in common.

    Raises:
        ObjectError: Flux's object is not there, or has no address.
    """
    proxy = _flux(scope, repository).proxy_secret if repository.spec.source_ref is not None else None
    by_proxy = f"{key_of(repository).namespace}/{proxy}" if proxy else ""
    return f"{repository.spec.api_url or ''} {by_proxy}".strip()


def from_command_line(line: CommandLine, *, reads_only: bool = False) -> Access:
    """A repository that the command line alone describes.

    Args:
        line: what was said.
        reads_only: nothing is proposed, so that a HEAD that names no branch is as good as one that does.
    """
    found = _with_line(_typed(line), line)
    if reads_only and found.branch is None and found.location.is_local:
        checkout = Checkout.discover(found.location.folder)
        return found if checkout.head_branch is not None else replace(found, branch=DETACHED)
    return found


def _with_line(found: Access, line: CommandLine) -> Access:
    return replace(found, branch=line.branch or found.branch, provider=line.provider or found.provider)


def _typed(line: CommandLine) -> Access:
    if line.repo is None:
        raise AssertionError("a repository is needed on the command line where no object describes one")
    location, reference = _located(line.repo, line)
    # Without the credentials that a typed address may have: the schema admits none, and errors would show them.
    spec = GitOpsRepositorySpec(url=location.url)
    return Access(location, reference, None, None, None, spec, location.display, typed=True)


def _located(text: str, line: CommandLine) -> tuple[Location, Checkout | None]:
    """Where a repository is; for a checkout with a remote `origin`, that remote, with its objects at hand."""
    location = Location.parse(text, line.folder)
    if not location.is_local:
        return location, None
    checkout = Checkout.discover(location.folder)
    if checkout.is_bare or checkout.origin_url is None or line.provider == "local":
        return Location.local(checkout.root), None
    return Location.parse(checkout.origin_url, checkout.root), checkout


def _overridden(found: Access, line: CommandLine) -> Access:
    """Put the command line's repository in the place of the object's.

    The object's credentials go along only where they belong: to the same host.
    """
    typed = _typed(line)
    same = typed.location.origin == found.location.origin
    return replace(
        found,
        location=typed.location,
        reference=typed.reference,
        provider=found.provider if same else None,
        api_url=found.api_url if same else None,
        branch=found.branch if same else None,
        git_secret=found.git_secret if same else None,
        api_secret=found.api_secret if same else None,
        proxy_secret=found.proxy_secret if same else None,
        typed=True,
    )


def _configured(scope: Scope, repository: GitOpsRepository, line: CommandLine) -> Access:
    spec, home = repository.spec, key_of(repository)
    flux = _flux(scope, repository) if spec.source_ref is not None else _Flux(spec.url or "", None, None, None)
    secret = spec.secret_ref.name if spec.secret_ref else flux.secret
    git_secret = _secret(scope, repository, secret, "spec.secretRef")
    api_name = spec.api_secret_ref.name if spec.api_secret_ref else None
    location = Location.parse(flux.url, line.folder)
    if location.is_local and not line.environ and line.repo is None:
        raise LocalRepositoryRefused(
            f"{flux.url!r} is a folder of this machine.",
            where=Where(object=str(home), field="spec.url"),
            remedy="Give an https or ssh URL; folders are for the command line.",
        )
    return Access(
        location=location,
        reference=None,
        branch=spec.branch or flux.branch,
        provider=spec.provider.value if spec.provider else None,
        api_url=spec.api_url,
        spec=spec,
        name=str(home),
        git_secret=git_secret,
        api_secret=_secret(scope, repository, api_name, "spec.apiSecretRef") or git_secret,
        proxy_secret=_secret(scope, repository, flux.proxy_secret, "spec.sourceRef"),
    )


@dataclass(frozen=True, slots=True)
class _Flux:
    """What a Flux GitRepository says (source.toolkit.fluxcd.io/v1). Its `provider` is authentication, not the forge."""

    url: str
    branch: str | None
    secret: str | None
    proxy_secret: str | None


def _flux(scope: Scope, repository: GitOpsRepository) -> _Flux:
    reference = repository.spec.source_ref
    if reference is None:
        raise AssertionError("the schema has url or sourceRef")
    home = key_of(repository)
    key = ObjectKey(FLUX, reference.kind, home.namespace, reference.name)
    stored = required(scope, key, Where(object=str(home), field="spec.sourceRef"))
    spec = stored.content.get("spec")
    if not isinstance(spec, Mapping) or not isinstance(spec.get("url"), str):
        raise InvalidObject("It has no spec.url.", where=Where(object=str(key)), remedy="Correct the GitRepository.")
    return _Flux(
        url=spec["url"],
        branch=_text(spec, "ref", "branch"),
        secret=_text(spec, "secretRef", "name"),
        proxy_secret=_text(spec, "proxySecretRef", "name"),
    )


def _text(spec: Mapping[str, object], outer: str, inner: str) -> str | None:
    found = spec.get(outer)
    value = found.get(inner) if isinstance(found, Mapping) else None
    return value if isinstance(value, str) else None


def _secret(
    scope: Scope, repository: GitOpsRepository, name: str | None, field_: str
) -> tuple[str, Mapping[str, bytes]] | None:
    if name is None:
        return None
    return f"{key_of(repository).namespace}/{name}", secret_data(scope, repository, name, field_)
