"""What a broken connection means: every failure below HTTP becomes one typed error."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import requests
import urllib3

from gitops_upgrader.errors import ForgeError, ForgeNotConnected, ForgeUnreachable, ForgeUntrusted, Where

TRANSPORT = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
"""What requests raises, and what comes through it from below while a body is read."""


@dataclass(frozen=True, slots=True)
class Outage:
    """One request that got no answer: `line` is its method and address, `host` the server it went to."""

    line: str
    host: str
    timeout: float
    where: Where

    def error(self, failure: Exception) -> ForgeError:
        """Return the typed error of a transport's failure, in words that hold nothing of the failure's own text."""
        if caused_by(failure, requests.exceptions.SSLError, ssl.SSLError):
            return ForgeUntrusted(
                f"No TLS connection to {self.host}: {_tls_reason(failure)}.",
                where=self.where,
                remedy="Where the forge's certificate has an authority of your own, put that in the Secret as ca.crt.",
            )
        if caused_by(failure, requests.exceptions.ProxyError):
            return ForgeNotConnected(
                f"The proxy did not let {self.line} through.",
                where=self.where,
                remedy="Check the proxy's address and credentials.",
            )
        if caused_by(failure, requests.exceptions.ConnectTimeout, urllib3.exceptions.NewConnectionError):
            return ForgeNotConnected(
                f"There is no connection to {self.host}.",
                where=self.where,
                remedy="Check the host's name and the network.",
            )
        if caused_by(failure, requests.exceptions.Timeout, urllib3.exceptions.TimeoutError):
            return ForgeUnreachable(f"{self.line} took longer than {self.timeout:g} s.", where=self.where)
        return ForgeUnreachable(f"The connection broke during {self.line}.", where=self.where)


def caused_by(error: BaseException, *kinds: type[BaseException]) -> bool:
    """Tell whether one of these is anywhere underneath: requests and urllib3 wrap by argument as well as by cause."""
    seen: list[BaseException] = []
    left: list[object] = [error]
    while left:
        current = left.pop()
        if isinstance(current, kinds):
            return True
        if isinstance(current, BaseException) and all(current is not one for one in seen):
            seen.append(current)
            left += [*current.args, getattr(current, "reason", None), current.__cause__]
    return False


def _tls_reason(failure: Exception) -> str:
    """OpenSSL's reason for not believing a certificate, without the addresses around it."""
    text = str(failure)
    start = text.find("certificate verify failed")
    return text[start:].partition(" (_ssl")[0] if start >= 0 else "the two sides do not agree"
