"""What it takes to open a forge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import quote

from gitops_upgrader.errors import ForgeSettingsInvalid, Where
from gitops_upgrader.forges.address import Address, api_url, pages_url, project_path
from gitops_upgrader.forges.credentials import Credential, GitHubApp, Nobody, Token
from gitops_upgrader.forges.protocol import Forge
from gitops_upgrader.forges.settings import HttpSettings

if TYPE_CHECKING:
    from gitops_upgrader.forges.http import Session


@dataclass(frozen=True, slots=True)
class Connection:
    """A repository, and how to reach its forge.

    Attributes:
        address: where the repository is.
        api_url: `apiURL`; None for where that kind of forge has its API.
        credential: a token, a GitHub App, anything that makes tokens, or None to ask as nobody.
        settings: time-outs, retries, proxy, certificates.
        git_dir: the repository's Git folder, for provider `local`.
    """

    address: Address
    api_url: str | None = None
    credential: Token | GitHubApp | Credential | None = None
    settings: HttpSettings = field(default_factory=HttpSettings)
    git_dir: Path | None = None


Opener: TypeAlias = Callable[[Connection], Forge]
"""Opens one kind of forge. Raises ForgeSettingsInvalid."""


@dataclass(frozen=True, slots=True)
class Server:
    """A forge's server, ready to be asked: the session, and where API, pages and repository are."""

    session: Session
    project: str
    pages: str

    @property
    def api(self) -> str:
        """The API's URL, without a trailing `/`."""
        return self.session.api

    def page(self, kind: str, path: str) -> str:
        """The address of a page of the repository: what comes before a branch or file, and its name as Git has it."""
        return f"{self.pages}/{kind}/{quote(path, errors='surrogateescape')}"


def reach(provider: str, forge: str, connection: Connection, once: Callable[[str, str], bool] | None = None) -> Server:
    """Return a connection's server. `forge` is its name as people know it; `once` is as for `Session`."""
    from gitops_upgrader.forges.http import Session, posts  # here, as requests is slow to import

    address = connection.address
    if address.scheme == "file":
        raise ForgeSettingsInvalid(
            f"A local repository is on no {forge} server.",
            where=Where(field="provider"),
            remedy="Leave provider out, or set it to local.",
        )
    app = connection.credential if isinstance(connection.credential, GitHubApp) else None
    api = api_url(provider, address, connection.api_url or (app.api_url if app else None))
    session = Session(
        api,
        forge=forge,
        place=str(address),
        credential=_credential(provider, connection, api),
        settings=connection.settings,
        once=once or posts,
    )
    return Server(session, project_path(provider, address, api), pages_url(provider, address, api))


def _credential(provider: str, connection: Connection, api: str) -> Credential:
    credential = connection.credential
    if not isinstance(credential, GitHubApp):
        return credential or Nobody()
    if provider != "github":
        raise ForgeSettingsInvalid(
            "A GitHub App opens no other forge.",
            where=Where(object=str(connection.address)),
            remedy="Give apiSecretRef a Secret with a token.",
        )
    from gitops_upgrader.forges.auth import InstallationTokens  # here, as it takes a third of a second to import

    return InstallationTokens(credential, connection.address, connection.settings, api)
