"""Which forges there are, which one a repository is on, and how one is opened. A new forge is a module and a line."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, cast
from urllib.parse import urlsplit

from gitops_upgrader.errors import ForgeSettingsInvalid, ProviderUnknown, Where
from gitops_upgrader.forges.address import Address, origin
from gitops_upgrader.forges.connection import Connection, Opener
from gitops_upgrader.forges.protocol import Forge


def _module(name: str) -> Opener:
    """The `forge` of a module, imported with its client only when a repository is on that forge."""

    def opener(connection: Connection) -> Forge:
        module = importlib.import_module(f"gitops_upgrader.forges.{name}")
        return cast("Opener", module.forge)(connection)

    return opener


FORGES: Final[Mapping[str, Opener]] = MappingProxyType(
    {name: _module(name) for name in ("github", "gitlab", "gitea", "local", "none")}
)
"""Every provider by the name that `spec.provider` and `--provider` give it."""

_HOSTS: Final = {
    "github.com": "github",
    "ssh.github.com": "github",
    "gitlab.com": "gitlab",
    "altssh.gitlab.com": "gitlab",
    "gitea.com": "gitea",
    "codeberg.org": "gitea",
}
_VARIABLES: Final = {"GITHUB_SERVER_URL": "github", "GITLAB_HOST": "gitlab", "GITEA_URL": "gitea"}


def guess_provider(address: Address, environ: Mapping[str, str]) -> str:
    """Return which kind of forge a repository is on, by its host.

    Args:
        address: the repository.
        environ: the environment; `GITHUB_SERVER_URL`, `GITLAB_HOST` and `GITEA_URL` say of what kind their host is.

    Raises:
        ProviderUnknown: neither the host's name nor the environment tells.
    """
    if address.scheme == "file":
        return "local"
    host = address.host.lower()
    if host in _HOSTS:
        return _HOSTS[host]
    if host.endswith(".ghe.com"):
        return "github"
    for variable, provider in _VARIABLES.items():
        if (named := environ.get(variable, "").strip()) and _is_at(address, named):
            return provider
    raise ProviderUnknown(
        f"The host {host} does not tell which kind of forge it is.",
        where=Where(object=str(address)),
        remedy="Set provider (github, gitlab, gitea, or none to push the branch only).",
    )


def open_forge(provider: str, connection: Connection) -> Forge:
    """Return the forge of a repository. Nothing is asked of it yet.

    Raises:
        ProviderUnknown: there is no such provider.
        ForgeSettingsInvalid: the connection's address, credential or settings cannot be used with it.
    """
    opener = FORGES.get(provider)
    if opener is None:
        raise ProviderUnknown(
            f"There is no provider {provider}.",
            where=Where(object=str(connection.address), field="provider"),
            remedy=f"Write one of {', '.join(FORGES)}.",
        )
    return opener(connection)


def _is_at(address: Address, named: str) -> bool:
    """Whether a repository is at the host that a variable names, with or without a scheme and a port."""
    try:
        parts = urlsplit(named if "://" in named else f"https://{named}")
        same_origin = origin(parts.geturl()) == address.site
    except ValueError as error:
        raise ForgeSettingsInvalid(
            "An environment variable that names a forge's host holds no host.",
            remedy=f"Mend one of {', '.join(_VARIABLES)}, or unset it.",
        ) from error
    if address.scheme in {"http", "https"}:
        return same_origin
    return parts.hostname == address.host.lower()
