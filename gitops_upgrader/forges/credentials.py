"""What authorises requests to a forge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gitops_upgrader.errors import ForgeSettingsInvalid, Where


class Credential(Protocol):
    """Authorises requests, one `Authorization` header at a time."""

    def header(self) -> str | None:
        """The value of `Authorization`, or None to ask as nobody. May ask the forge for a token; raises ForgeError."""

    def renew(self) -> bool:
        """Forget what was handed out; True where a new one may do better than the one that was refused."""

    def secrets(self) -> tuple[str, ...]:
        """What must never be seen."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token of a person, a project or an application. All three forges take one as `Bearer` (RFC 6750).

    GitLab: https://docs.gitlab.com/api/rest/authentication/, Gitea: https://docs.gitea.com/development/api-usage.

    Raises:
        ForgeSettingsInvalid: the value is no token: empty, or with spaces or line breaks in it.
    """

    value: str = field(repr=False)

    def __post_init__(self) -> None:
        if not self.value or not self.value.isascii() or any(char <= " " or char == "\x7f" for char in self.value):
            raise ForgeSettingsInvalid(
                "The token is empty, or has characters in it that no token has.",
                where=Where(field="token"),
                remedy="Store it again without quotes and line breaks.",
            )

    def header(self) -> str | None:
        """Return it as bearer token."""
        return f"Bearer {self.value}"

    def renew(self) -> bool:
        """A token is what it is."""
        return False

    def secrets(self) -> tuple[str, ...]:
        """The token itself."""
        return (self.value,)


@dataclass(frozen=True, slots=True)
class Nobody:
    """No token: a public repository can be read without."""

    def header(self) -> str | None:
        """No header."""
        return None

    def renew(self) -> bool:
        """There is nothing to renew."""
        return False

    def secrets(self) -> tuple[str, ...]:
        """None."""
        return ()


@dataclass(frozen=True, slots=True)
class GitHubApp:
    """A GitHub App, installed where the repository is.

    Attributes:
        app_id: the App's id, or its client id; GitHub takes either as issuer.
        private_key: in PEM.
        installation_id: of the installation; None to look it up.
        owner: the organisation or account whose installation it is; None for the repository's owner.
        api_url: the Enterprise server's API; None for the repository's own host.
    """

    app_id: str
    private_key: str = field(repr=False)
    installation_id: int | None = None
    owner: str | None = None
    api_url: str | None = None


def from_secret(secret: Mapping[str, str]) -> Token | GitHubApp | None:
    """Return the credential for a forge's API that a Secret holds, or None where it holds none.

    In this order: `token`; a GitHub App in Flux's keys; and from a Secret that is for Git in the first place,
    `bearerToken`, then `password` (with a user name, forges take a token as the password; without one, it is the
    passphrase of an SSH key).

    Raises:
        ForgeSettingsInvalid: the Secret holds half an App, or a value that cannot be used.
    """
    if secret.get("token"):
        return Token(secret["token"].strip())
    if any(key.startswith("githubApp") for key in secret):
        return _app(secret)
    if secret.get("bearerToken"):
        return Token(secret["bearerToken"].strip())
    if secret.get("username") and secret.get("password") and not secret.get("identity"):
        return Token(secret["password"].strip())
    return None


def _app(secret: Mapping[str, str]) -> GitHubApp:
    for key in ("githubAppID", "githubAppPrivateKey"):
        if not secret.get(key, "").strip():
            raise ForgeSettingsInvalid(
                "The Secret has a GitHub App in it, but not all of it.",
                where=Where(field=key),
                remedy=f"Add {key} to the Secret.",
            )
    installation = secret.get("githubAppInstallationID", "").strip()
    if installation and not (installation.isascii() and installation.isdecimal()):
        raise ForgeSettingsInvalid(
            "The installation of the GitHub App is no number.",
            where=Where(field="githubAppInstallationID"),
            remedy="Take the number at the end of the installation's address, or name its owner in "
            "githubAppInstallationOwner instead.",
        )
    return GitHubApp(
        app_id=secret["githubAppID"].strip(),
        private_key=secret["githubAppPrivateKey"],
        installation_id=int(installation) if installation else None,
        owner=secret.get("githubAppInstallationOwner", "").strip() or None,
        api_url=secret.get("githubAppBaseURL", "").strip() or None,
    )
