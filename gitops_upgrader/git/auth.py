"""Credentials of one repository: what a Secret says, never shown, and bound to one origin by whoever uses them."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlsplit

from gitops_upgrader.errors import InvalidCredentials, Where
from gitops_upgrader.git.location import Location, Scheme

_PROXY_SCHEMES = frozenset({"http", "https", "socks5", "socks5h"})


@dataclass(frozen=True, slots=True, kw_only=True)
class GitAuth:
    """What a repository's server wants to see. All of it is optional; `repr` shows nothing that is secret.

    `identity` is an SSH private key and `identity_password` its passphrase; `known_hosts` has the lines of that file;
    `ca`, `client_certificate` and `client_key` are PEM; `proxy` is a URL without credentials.
    """

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    bearer_token: str | None = field(default=None, repr=False)
    identity: bytes | None = field(default=None, repr=False)
    identity_password: str | None = field(default=None, repr=False)
    known_hosts: bytes | None = field(default=None, repr=False)
    ca: bytes | None = field(default=None, repr=False)
    client_certificate: bytes | None = field(default=None, repr=False)
    client_key: bytes | None = field(default=None, repr=False)
    proxy: str | None = None
    proxy_username: str | None = field(default=None, repr=False)
    proxy_password: str | None = field(default=None, repr=False)

    @classmethod
    def from_secret(cls, data: Mapping[str, bytes], location: Location, *, name: str = "") -> GitAuth:
        """Read a Secret with the keys of Flux's GitRepository, so that the same Secret serves both.

        Args:
            data: the Secret's decoded data.
            location: the repository it is for; an SSH address wants other keys than an HTTP one.
            name: `namespace/name` of the Secret, for messages.

        A GitHub App's keys are left alone: whoever talks to the forge exchanges them for a token.

        Raises:
            InvalidCredentials: a key is missing, empty, or not the text it should be; the message names it.
        """
        keys = _Keys(data, Where(object=f"Secret {name}" if name else "Secret"))
        if location.scheme is Scheme.SSH:
            return cls(
                identity=keys.required("identity", "An SSH address needs the private key."),
                identity_password=keys.text("password"),
                known_hosts=keys.required(
                    "known_hosts", f"Add the output of `ssh-keyscan {location.host}`, once you have compared it."
                ),
            )
        return _http_auth(keys)

    def completed_from(self, location: Location) -> GitAuth:
        """Add the credentials that stand in an HTTP address itself, unless there are others."""
        if not location.is_http or location.user is None or self.authorization is not None:
            return self
        return replace(self, username=location.user, password=location.password or "")

    def with_proxy(self, data: Mapping[str, bytes], *, name: str = "") -> GitAuth:
        """Add a proxy from a Secret with Flux's keys: `address`, and perhaps `username` and `password`.

        Raises:
            InvalidCredentials: the address is missing, or is none of a proxy.
        """
        keys = _Keys(data, Where(object=f"Secret {name}" if name else "Secret"))
        address = keys.required("address", "It is the URL of the proxy.").decode("utf-8", "replace").strip()
        parts = urlsplit(address)
        if parts.scheme not in _PROXY_SCHEMES or not parts.hostname or parts.username:
            raise InvalidCredentials(
                "The key `address` is no URL of a proxy, or has credentials in it.",
                where=keys.where,
                remedy="Write http://HOST:PORT, and the credentials under `username` and `password`.",
            )
        return replace(self, proxy=address, proxy_username=keys.text("username"), proxy_password=keys.text("password"))

    @property
    def authorization(self) -> str | None:
        """The value of the `Authorization` header (RFC 7617, RFC 6750); None without credentials for HTTP."""
        if self.bearer_token:
            return f"Bearer {self.bearer_token}"
        if self.username is None:
            return None
        return "Basic " + base64.b64encode(f"{self.username}:{self.password or ''}".encode()).decode()

    @property
    def proxy_url(self) -> str | None:
        """The proxy with its credentials, as curl takes it. Keep it out of argument lists and messages."""
        if self.proxy is None or self.proxy_username is None:
            return self.proxy
        account = f"{quote(self.proxy_username, safe='')}:{quote(self.proxy_password or '', safe='')}"
        scheme, _, rest = self.proxy.partition("://")
        return f"{scheme}://{account}@{rest}"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that must never be shown, for redaction. A bare user name counts: tokens are passed as such."""
        binary = (self.identity, self.client_key)
        found = [
            self.password,
            self.username if not self.password else None,
            self.bearer_token,
            self.authorization.partition(" ")[2] if self.authorization else None,
            self.identity_password,
            self.proxy_password,
            *(one.decode("utf-8", "replace") for one in binary if one),
        ]
        return tuple(one for one in found if one)


@dataclass(frozen=True, slots=True)
class _Keys:
    """The keys of one Secret."""

    data: Mapping[str, bytes] = field(repr=False)
    where: Where

    def required(self, key: str, why: str) -> bytes:
        """Return the bytes of a key that must be there."""
        value = self.optional(key)
        if value is None:
            raise InvalidCredentials(f"The key `{key}` is missing or empty.", where=self.where, remedy=why)
        return value

    def optional(self, *names: str) -> bytes | None:
        """Return the bytes of the first of these keys that is there and not empty."""
        return next((self.data[name] for name in names if self.data.get(name, b"").strip()), None)

    def text(self, key: str) -> str | None:
        """Return a key as one line of text. The line end that `kubectl create secret --from-file` keeps is dropped."""
        value = self.optional(key)
        if value is None:
            return None
        try:
            text = value.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            raise self.unreadable(key, "is not UTF-8") from None
        if not text.isprintable():
            raise self.unreadable(key, "has a control character or a line break in it")
        return text

    def unreadable(self, key: str, why: str) -> InvalidCredentials:
        """Return the error for a key that cannot be used."""
        return InvalidCredentials(f"The key `{key}` {why}.", where=self.where, remedy="Make the Secret anew.")

    def pem(self, *names: str) -> bytes | None:
        """Return a PEM text."""
        value = self.optional(*names)
        if value is not None and b"-----BEGIN " not in value:
            raise self.unreadable(next(name for name in names if self.data.get(name)), "is no PEM text")
        return value


def _http_auth(keys: _Keys) -> GitAuth:
    username, password, bearer = keys.text("username"), keys.text("password"), keys.text("bearerToken")
    if bearer and (username or password):
        raise InvalidCredentials(
            "The keys `bearerToken` and `username`/`password` exclude each other.",
            where=keys.where,
            remedy="Keep the one that the Git host documents; tokens of GitHub, GitLab and Gitea are passwords.",
        )
    if password and not username:
        raise InvalidCredentials(
            "The key `username` is missing beside `password`.",
            where=keys.where,
            remedy="Where the password is a token, any user name does; `git` is customary.",
        )
    certificate, key = keys.pem("tls.crt", "certFile"), keys.pem("tls.key", "keyFile")
    if (certificate is None) is not (key is None):
        absent, present = ("tls.key", "tls.crt") if key is None else ("tls.crt", "tls.key")
        raise InvalidCredentials(
            f"The key `{absent}` is missing beside `{present}`.",
            where=keys.where,
            remedy="A client certificate needs both.",
        )
    return GitAuth(
        username=username,
        password=password,
        bearer_token=bearer,
        ca=keys.pem("ca.crt", "caFile"),
        client_certificate=certificate,
        client_key=key,
    )
