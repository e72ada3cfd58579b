"""How a forge is reached: time-outs, retries, proxy, certificates."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from gitops_upgrader.errors import ForgeSettingsInvalid, Where


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """Our side of mutual TLS, both in PEM. The key is not encrypted, as in a `kubernetes.io/tls` Secret."""

    certificate: str
    key: str


def _nobody(_status: int, _headers: Mapping[str, str]) -> None:
    """Nobody wants to know of answers."""


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How to reach a forge.

    Attributes:
        timeout: seconds for a connection, for silence on it, and for one whole answer.
        proxy: URL, its credentials included; None for what the environment says (`HTTPS_PROXY`, `NO_PROXY`).
        ca: certificates in PEM, trusted beside the usual ones.
        client: our certificate for mutual TLS.
        retries: how often a passing failure is tried again within the run.
        patience: seconds that one request may spend waiting between tries; a longer `Retry-After` is for the next run.
        sleep, chance, clock: time, so that tests need none; `chance` is from 0 up to 1, `clock` in seconds since 1970.
        answered: is told of every answer, its status and its headers; for metrics.
    """

    timeout: float = 60.0
    proxy: str | None = field(default=None, repr=False)
    ca: str | None = field(default=None, repr=False)
    client: ClientCertificate | None = field(default=None, repr=False)
    retries: int = 4
    patience: float = 60.0
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random.random
    clock: Callable[[], float] = time.time
    answered: Callable[[int, Mapping[str, str]], None] = _nobody

    def proxies(self) -> dict[str, str]:
        """Return the proxy for each scheme, as requests takes it. Raises ForgeSettingsInvalid."""
        if not self.proxy:
            return {}
        try:
            parts = urlsplit(self.proxy)
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            raise ForgeSettingsInvalid(
                "The proxy's address is no http or https URL.",
                where=Where(field="address"),
                remedy="Write it in the proxy's Secret as http://HOST:PORT.",
            )
        return {"http": self.proxy, "https": self.proxy}

    def secrets(self) -> tuple[str, ...]:
        """Return what of this must never be seen: the proxy's password, as it is and as the URL spells it."""
        if not self.proxy:
            return ()
        userinfo = self.proxy.partition("://")[2].rpartition("@")[0]
        password = userinfo.partition(":")[2]
        return (password, unquote(password)) if password else ()


def from_secrets(
    secret: Mapping[str, str], proxy: Mapping[str, str] | None = None, *, timeout: float = 60.0
) -> HttpSettings:
    """Return the settings that Flux's Secret keys hold.

    Args:
        secret: `ca.crt` (once `caFile`), `tls.crt` and `tls.key`; other keys are other people's.
        proxy: the proxy's Secret: `address`, `username`, `password`.
        timeout: seconds.

    https://fluxcd.io/flux/components/source/gitrepositories/#secret-reference

    Raises:
        ForgeSettingsInvalid: one of `tls.crt` and `tls.key` without the other, or a proxy without an address.
    """
    certificate, key = secret.get("tls.crt"), secret.get("tls.key")
    if bool(certificate) != bool(key):
        raise ForgeSettingsInvalid(
            "The Secret has one of tls.crt and tls.key.", remedy="Put both in, or neither: one is no use alone."
        )
    client = ClientCertificate(certificate, key) if certificate and key else None
    ca = secret.get("ca.crt") or secret.get("caFile") or None
    return HttpSettings(timeout=timeout, ca=ca, client=client, proxy=_proxy_url(proxy) if proxy else None)


def _proxy_url(proxy: Mapping[str, str]) -> str:
    address = proxy.get("address", "").strip()
    if not address:
        raise ForgeSettingsInvalid(
            "The proxy's Secret has no address.", where=Where(field="address"), remedy="Add it as http://HOST:PORT."
        )
    username = proxy.get("username")
    if not username:
        return address
    scheme, separator, rest = address.partition("://")
    return f"{scheme}{separator}{quote(username, safe='')}:{quote(proxy.get('password', ''), safe='')}@{rest}"
