"""Opening repositories, each once: Git with its credentials, the forge with its own, and the base branch fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.forges.address import Address
from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.credentials import GitHubApp, Token, from_secret
from gitops_upgrader.forges.environment import environment_token
from gitops_upgrader.forges.registry import guess_provider, open_forge
from gitops_upgrader.forges.settings import HttpSettings, from_secrets
from gitops_upgrader.git import Checkout, GitAuth, Location, Repository
from gitops_upgrader.reconcilers.attempts import Patience, propose_with_patience
from gitops_upgrader.reconcilers.repository import Access, CommandLine
from gitops_upgrader.reconcilers.workspace import Limits, Workspace

if TYPE_CHECKING:
    from gitops_upgrader.reconcilers.propose import Proposed
    from gitops_upgrader.reconcilers.request import Request

_ACCOUNTS = {"github": "x-access-token", "gitlab": "oauth2", "gitea": "x-access-token"}
"""The user name that goes with a token as the password of Git over HTTPS, on each kind of forge."""


@dataclass(slots=True)
class Workspaces:
    """The repositories of a run. One that could not be opened fails once, for everybody who names it.

    Attributes:
        cache: a folder in which what was fetched outlives the run.
        meanwhile: entered while a repository is fetched, for what can be done while one waits.
        answered: is told of every answer of a forge: its kind, the status, the headers.
        exchanged: is told of every exchange with a Git remote: `list`, `fetch` or `push`.
    """

    line: CommandLine
    clock: Callable[[], datetime]
    cache: Path | None = None
    answered: Callable[[str, int, Mapping[str, str]], None] | None = None
    exchanged: Callable[[str], None] = lambda _: None
    patience: Patience = field(default_factory=Patience)
    meanwhile: Callable[[], AbstractContextManager[None]] = nullcontext
    _opened: dict[tuple[object, ...], Workspace | UpgraderError] = field(default_factory=dict)

    def get(self, access: Access) -> Workspace:
        """The workspace of a repository and branch; fetched at the first call. Raises what that raised."""
        if access.key not in self._opened:
            try:
                self._opened[access.key] = self.patience.attempt(lambda: self._open(access))
            except UpgraderError as error:
                self._opened[access.key] = error
        found = self._opened[access.key]
        if isinstance(found, UpgraderError):
            raise found
        found.limits = limits_of(access)  # several objects may share it, each with limits of its own
        return found

    def refresh(self, access: Access) -> Workspace:
        """Forget what was fetched and fetch again: somebody else has pushed."""
        stale = self._opened.pop(access.key, None)
        if isinstance(stale, Workspace):
            stale.close()
        return self.get(access)

    def propose(self, access: Access, request: Request, *, dry_run: bool) -> Proposed:
        """Propose in a repository, as often as it takes and makes sense."""
        return propose_with_patience(self.get, self.refresh, self.patience, access, request, dry_run=dry_run)

    def opened(self, access: Access) -> Workspace | None:
        """The workspace of a repository, if somebody has opened it already."""
        found = self._opened.get(access.key)
        return found if isinstance(found, Workspace) else None

    def all(self) -> tuple[Workspace, ...]:
        """Every repository that was opened in this run."""
        return tuple(found for found in self._opened.values() if isinstance(found, Workspace))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for workspace in self._opened.values():
            if isinstance(workspace, Workspace):
                workspace.close()
        self._opened.clear()

    def _open(self, access: Access) -> Workspace:
        provider = access.provider or guess_provider(_address(access.location), self.line.environ)
        token = self._environment_token(access, provider)
        repository = Repository.open(
            access.location,
            _git_auth(access, provider, token, self.patience),
            timeout=access.spec.timeout.total_seconds(),
            cache=self.cache,
            interactive_ssh=bool(self.line.environ) and access.git_secret is None,
            reference=access.reference,
            exchanged=self.exchanged,
        )
        try:
            forge = open_forge(provider, self._connection(access, provider, token))
            with self.meanwhile():
                return Workspace.fetch(
                    access.location.display,
                    repository,
                    forge,
                    branch=access.branch,
                    prefix=access.spec.pull_request.branch_prefix,
                    clock=self.clock,
                    limits=limits_of(access),
                )
        except BaseException:
            repository.close()
            raise

    def connection(self, access: Access) -> tuple[str, Connection]:
        """Of which kind a repository's forge is, and how it is reached. Raises ForgeError where nobody can tell."""
        provider = access.provider or guess_provider(_address(access.location), self.line.environ)
        return provider, self._connection(access, provider, self._environment_token(access, provider))

    def _connection(self, access: Access, provider: str, token: str | None) -> Connection:
        settings = _http(access, self.patience)
        if self.answered is not None:
            settings = replace(settings, answered=partial(self.answered, provider))
        credential: Token | GitHubApp | None = Token(token) if token else None
        if access.api_secret is not None:
            credential = from_secret(_texts(access.api_secret[1]))
        git_dir = Checkout.discover(access.location.folder).git_dir if access.location.is_local else None
        return Connection(
            address=_address(access.location),
            api_url=access.api_url,
            credential=credential,
            settings=settings,
            git_dir=git_dir,
        )

    def _environment_token(self, access: Access, provider: str) -> str | None:
        if access.api_secret is not None:
            return None
        return environment_token(
            provider,
            _address(access.location),
            self.line.environ,
            repo_from_command_line=access.typed,
            given_api_url=access.api_url,
        )


def limits_of(access: Access) -> Limits:
    """How many pull requests of ours a repository takes."""
    options = access.spec.pull_request
    return Limits(options.max_open, options.max_per_hour)


def _address(location: Location) -> Address:
    return Address(location.scheme.value, location.host, location.path, location.port)


def _git_auth(access: Access, provider: str, token: str | None, patience: Patience) -> GitAuth | None:
    """Credentials for Git: the Secret's, else the environment's token where the host is the token's own."""
    auth: GitAuth | None = None
    if access.git_secret is not None:
        name, data = access.git_secret
        auth = GitAuth.from_secret(data, access.location, name=name)
    elif token is not None and access.location.is_http and access.location.user is None:
        auth = GitAuth(username=_ACCOUNTS[provider], password=token)
    if access.proxy_secret is not None:
        name, data = access.proxy_secret
        auth = (auth or GitAuth()).with_proxy(data, name=name)
    return _with_app_token(access, auth, patience)


def _with_app_token(access: Access, auth: GitAuth | None, patience: Patience) -> GitAuth | None:
    """Exchange a GitHub App for a token that Git takes too."""
    if access.git_secret is None or not access.location.is_http:
        return auth
    credential = from_secret(_texts(access.git_secret[1]))
    if not isinstance(credential, GitHubApp):
        return auth
    from gitops_upgrader.forges.auth import InstallationTokens

    tokens = InstallationTokens(credential, _address(access.location), _http(access, patience), access.api_url)
    return replace(auth or GitAuth(), username="x-access-token", password=tokens.token())


def _http(access: Access, patience: Patience) -> HttpSettings:
    """How the forge is reached; its client waits between two tries by the same clock as everything else here."""
    secret = _texts(access.api_secret[1]) if access.api_secret else {}
    proxy = _texts(access.proxy_secret[1]) if access.proxy_secret else None
    settings = from_secrets(secret, proxy, timeout=access.spec.timeout.total_seconds())
    return replace(settings, sleep=patience.sleep, chance=patience.chance)


def _texts(data: Mapping[str, bytes]) -> dict[str, str]:
    """A Secret's values as text. Keys that hold bytes of another kind are not for the forge."""
    return {key: value.decode("utf-8", "replace") for key, value in data.items()}
