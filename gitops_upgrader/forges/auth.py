"""Tokens of a GitHub App's installation."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gitops_upgrader.errors import ForgeAnswerUnreadable, ForgeNotFound, ForgeSettingsInvalid, Where
from gitops_upgrader.forges.address import Address, api_url, project_path
from gitops_upgrader.forges.credentials import GitHubApp
from gitops_upgrader.forges.settings import HttpSettings

_EARLY = 300.0
"""Seconds before its end when a token is no longer handed out: a run must be able to finish with it."""
_SKEW = 60
_LIFE = 540
"""Seconds. GitHub refuses a JWT from the future or of more than ten minutes; its clock need not be ours."""


class AppJwt:
    """Authorises as the App itself, which may do no more than ask for tokens of its installations.

    https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app

    Raises:
        ForgeSettingsInvalid: the private key is no RSA key in PEM without a passphrase.
    """

    def __init__(self, app: GitHubApp, settings: HttpSettings) -> None:
        self._app = app
        self._clock = settings.clock
        try:
            key = load_pem_private_key(app.private_key.strip().encode() + b"\n", password=None)
        except (ValueError, TypeError):
            # from None: the parser's message may hold a part of the key
            raise _unusable_key() from None
        if not isinstance(key, RSAPrivateKey):
            raise _unusable_key()
        self._key = key
        self._sent = ""

    def header(self) -> str | None:
        """Return a JWT that is good for nine minutes."""
        import jwt  # here, as it is slow to import and few use an App

        now = int(self._clock())
        claims = {"iat": now - _SKEW, "exp": now + _LIFE, "iss": self._app.app_id}
        self._sent = jwt.encode(claims, self._key, algorithm="RS256")
        return f"Bearer {self._sent}"

    def renew(self) -> bool:
        """Every request has a JWT of its own already."""
        return False

    def secrets(self) -> tuple[str, ...]:
        """The key, whole and line by line, and the JWT that was sent last."""
        return (
            self._app.private_key,
            self._sent,
            *(line for line in self._app.private_key.splitlines() if len(line) > 20),
        )


@dataclass(frozen=True, slots=True)
class _Issued:
    token: str
    expires: float


class InstallationTokens:
    """Authorises as an App's installation: a token for this one repository, kept until it nears its end.

    Safe to share between threads. Git over HTTPS takes the same token, as the password of `x-access-token`.

    Args:
        app: the App.
        address: the repository.
        settings: how to reach the API.
        api: `apiURL`; None for what the App's Secret says, or else for where the repository's host has its API.
    """

    def __init__(self, app: GitHubApp, address: Address, settings: HttpSettings, api: str | None = None) -> None:
        from gitops_upgrader.forges.http import Session  # here, as requests is slow to import

        self._app = app
        self._clock = settings.clock
        self._jwt = AppJwt(app, settings)
        self._place = str(address)
        base = api_url("github", address, api or app.api_url)
        self._owner, self._name = project_path("github", address, base).split("/")
        self._session = Session(
            base,
            forge="GitHub",
            place=self._place,
            credential=self._jwt,
            settings=settings,
            once=lambda _method, _path: False,  # a second token instead of one that got lost does no harm
        )
        self._lock = threading.Lock()
        self._issued: _Issued | None = None
        self._installation = app.installation_id

    def token(self) -> str:
        """Return a token that is good for five minutes at least. Raises ForgeError."""
        with self._lock:
            if self._issued is None or self._issued.expires - self._clock() < _EARLY:
                self._issued = self._issue()
            return self._issued.token

    def header(self) -> str | None:
        """Return the token as bearer token."""
        return f"Bearer {self.token()}"

    def renew(self) -> bool:
        """Forget the token: it may have been revoked, or its installation changed."""
        with self._lock:
            self._issued = None
        return True

    def secrets(self) -> tuple[str, ...]:
        """The key and the token."""
        issued = self._issued
        return (*self._jwt.secrets(), *((issued.token,) if issued else ()))

    def _issue(self) -> _Issued:
        if self._installation is None:
            self._installation = self._look_up()
        path = f"/app/installations/{self._installation}/access_tokens"
        answer = self._json("POST", path, {"repositories": [self._name]})
        try:
            return _Issued(str(answer["token"]), datetime.fromisoformat(answer["expires_at"]).timestamp())
        except (KeyError, TypeError, ValueError):
            # from None: the text of the answer may hold the token
            raise self._unreadable() from None

    def _look_up(self) -> int:
        """The installation of the owner that is named, be it an organisation or an account; else of the repository."""
        if self._app.owner is None:
            paths = [f"/repos/{quote(self._owner)}/{quote(self._name)}/installation"]
        else:
            owner = quote(self._app.owner, safe="")
            paths = [f"/orgs/{owner}/installation", f"/users/{owner}/installation"]
        for path in paths:
            try:
                answer = self._json("GET", path)
            except ForgeNotFound:
                continue
            if isinstance(answer, dict) and isinstance(answer.get("id"), int):
                return int(answer["id"])
            raise self._unreadable()
        raise ForgeNotFound(
            f"The GitHub App {self._app.app_id} is not installed for {self._app.owner or self._owner}.",
            where=Where(object=self._place),
            remedy="Install it there, and let it see this repository.",
        )

    def _json(self, method: str, path: str, body: Any = None) -> Any:
        response = self._session.request(method, self._session.api + path, json=body)
        return response.json() if response.content else None

    def _unreadable(self) -> ForgeAnswerUnreadable:
        return ForgeAnswerUnreadable(
            "GitHub's answer about the App's installation is not what its API describes.",
            where=Where(object=self._place),
            remedy="Check githubAppBaseURL.",
        )


def _unusable_key() -> ForgeSettingsInvalid:
    return ForgeSettingsInvalid(
        "The GitHub App's private key is no RSA key in PEM without a passphrase.",
        where=Where(field="githubAppPrivateKey"),
        remedy="Put the whole .pem file there that GitHub gave you for the App.",
    )
