"""Where a repository and its forge's API are, as plain text: no Git in here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit, urlunsplit

from gitops_upgrader.errors import ForgeSettingsInvalid, Where

_SSH_HOSTS: Final = {"ssh.github.com": "github.com", "altssh.gitlab.com": "gitlab.com"}
"""Hosts that the public forges keep for SSH over port 443, and the host that has the pages."""

_API_PATHS: Final = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1"}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a repository is, taken apart by the caller.

    Attributes:
        scheme: `https`, `http`, `ssh` or `file`.
        host: the name alone, an IPv6 address in its brackets; empty for a local repository.
        path: `owner/repository`, with or without the leading `/` and the trailing `.git`.
        port: where it is not the scheme's own.
    """

    scheme: str
    host: str
    path: str
    port: int | None = None

    @property
    def repository(self) -> str:
        """The path without its ornaments: `owner/repository`, on GitLab `group/subgroup/project`."""
        return self.path.strip("/").removesuffix(".git").rstrip("/")

    @property
    def site(self) -> str:
        """The scheme, host and port of the forge's pages. The port of an SSH address says nothing about them."""
        host = self.host.lower()
        if self.scheme not in {"http", "https"}:
            return f"https://{_SSH_HOSTS.get(host, host)}"
        return origin(f"{self.scheme}://{host}:{self.port}" if self.port else f"{self.scheme}://{host}")

    def __str__(self) -> str:
        return f"{self.site.partition('://')[2]}/{self.repository}"


def api_url(provider: str, address: Address, given: str | None = None) -> str:
    """Return where the API is, without a trailing `/`.

    Args:
        provider: `github`, `gitlab` or `gitea`.
        address: the repository.
        given: `apiURL`, with or without the part that is the same on every host (`/api/v4`).

    GitHub's own: https://docs.github.com/en/enterprise-server/rest/about-the-rest-api (`/api/v3`), and `api.` in front
    of github.com and of the hosts of GitHub Enterprise Cloud with data residency (`NAME.ghe.com`).

    Raises:
        ForgeSettingsInvalid: `given` is no http or https URL, or carries credentials.
    """
    base = _check(given) if given else _root(provider, address)
    parts = urlsplit(base)
    host = parts.hostname or ""
    if provider == "github":
        if host == "github.com" or (host.endswith(".ghe.com") and not host.startswith("api.")):
            return f"https://api.{host}"
        if host.startswith("api.") and not parts.path:
            return base
    suffix = _API_PATHS[provider]
    return base if base.endswith(suffix) else base + suffix


def project_path(provider: str, address: Address, api: str) -> str:
    """Return the path of the repository on its forge, without the path that the forge itself is installed under."""
    parts = address.repository.split("/")
    if provider != "gitlab":
        if len(parts) < 2:
            raise _no_repository(address)
        return "/".join(parts[-2:])
    prefix = _installed_under(provider, api)
    path = address.repository.removeprefix(prefix.strip("/") + "/") if prefix else address.repository
    if "/" not in path:
        raise _no_repository(address)
    return path


def pages_url(provider: str, address: Address, api: str) -> str:
    """Return where the repository's pages are, without a trailing `/`."""
    project = project_path(provider, address, api)
    prefix = address.repository.removesuffix(project).strip("/")
    return "/".join(part for part in (address.site, prefix, project) if part)


def origin(url: str) -> str:
    """Return scheme, host and port of a URL in lower case, the scheme's own port left out (RFC 6454, section 4)."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, _authority(parts), "", "", ""))


def _authority(parts: SplitResult) -> str:
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return host if parts.port in {None, usual} else f"{host}:{parts.port}"


def _root(provider: str, address: Address) -> str:
    """Where the forge is installed: on GitLab the host's root, as its groups nest; else all but owner and name."""
    if provider == "gitlab":
        return address.site
    prefix = "/".join(address.repository.split("/")[:-2])
    return f"{address.site}/{prefix}" if prefix else address.site


def _installed_under(provider: str, api: str) -> str:
    return urlsplit(api).path.removesuffix(_API_PATHS[provider])


def _check(given: str) -> str:
    try:
        parts = urlsplit(given.strip())
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable:
        raise ForgeSettingsInvalid(
            "The API's address is no http or https URL.",
            where=Where(field="apiURL"),
            remedy="Write it as https://HOST/api/..., or leave it out.",
        )
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ForgeSettingsInvalid(
            "The API's address holds more than a place.",
            where=Where(field="apiURL"),
            remedy="Take credentials and anything after ? or # out of it; a token belongs in a Secret.",
        )
    return urlunsplit((parts.scheme, _authority(parts), parts.path.rstrip("/"), "", ""))


def _no_repository(address: Address) -> ForgeSettingsInvalid:
    return ForgeSettingsInvalid(
        f"{address} names no owner and repository.", remedy="Write the URL as https://HOST/OWNER/REPOSITORY."
    )
