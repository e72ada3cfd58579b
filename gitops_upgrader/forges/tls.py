"""Certificates given as text (a Secret holds no files) made into a TLS context."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path
from typing import Any

import certifi
import requests.adapters

from gitops_upgrader.errors import ForgeSettingsInvalid, Where
from gitops_upgrader.forges.settings import ClientCertificate


class TlsAdapter(requests.adapters.HTTPAdapter):
    """Connects with a TLS context of its own."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Give every connection the context."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
        """Give every connection through a proxy the context too."""
        return super().proxy_manager_for(proxy, ssl_context=self._context, **proxy_kwargs)


def context(ca: str | None, client: ClientCertificate | None) -> ssl.SSLContext:
    """Return a context that trusts the usual authorities and `ca` (PEM), and shows `client` where it is asked to.

    Raises:
        ForgeSettingsInvalid: `ca` or `client` is not what it should be.
    """
    made = ssl.create_default_context(cafile=certifi.where())
    if ca:
        try:
            made.load_verify_locations(cadata=ca)
        except (ssl.SSLError, ValueError) as error:
            raise _invalid("ca.crt", "is no certificate in PEM") from error
    if client:
        _load(made, client)
    return made


def _load(made: ssl.SSLContext, client: ClientCertificate) -> None:
    """OpenSSL reads a client's certificate from files alone: they last as long as it reads, for our eyes only."""
    with tempfile.TemporaryDirectory(prefix="gitops-upgrader-") as folder:
        certificate, key = Path(folder, "tls.crt"), Path(folder, "tls.key")
        for path, text in ((certificate, client.certificate), (key, client.key)):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
                file.write(text)
        try:
            # a password, as OpenSSL would otherwise ask for one on the terminal
            made.load_cert_chain(certificate, key, password="")
        except (ssl.SSLError, ValueError) as error:
            raise _invalid("tls.crt, tls.key", "are no certificate and its key in PEM, without a passphrase") from error


def _invalid(field: str, what: str) -> ForgeSettingsInvalid:
    return ForgeSettingsInvalid(
        f"What the Secret has here {what}.",
        where=Where(field=field),
        remedy="Put the PEM text there, from its BEGIN to its END line.",
    )
