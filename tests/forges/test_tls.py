"""Whose certificates a session trusts, and which it shows."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

import pytest
import trustme

from gitops_upgrader import errors
from gitops_upgrader.forges.settings import ClientCertificate, HttpSettings, from_secrets
from tests.forges.session import session
from tests.forges.worlds import Time
from tests.httpserver import QuietHandler, answering


@contextmanager
def serving_tls(authority: trustme.CA, *, ask: trustme.CA | None = None) -> Iterator[str]:
    """An HTTPS server on loopback that answers {} to everything; with `ask`, to those with a certificate only."""

    class Handler(QuietHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """A client that does not like the certificate, or has none, is what is tested."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    if ask is not None:
        ask.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    with Server(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        with answering(server):
            yield f"https://127.0.0.1:{server.server_address[1]}"


def pem(*blobs: trustme.Blob) -> str:
    return "".join(blob.bytes().decode() for blob in blobs)


class TestTls:
    def test_an_authority_of_their_own(self) -> None:
        authority = trustme.CA()
        with serving_tls(authority) as url:
            settings = from_secrets({"ca.crt": pem(authority.cert_pem)})
            assert session(url, settings).get(f"{url}/x").json() == {}

    @pytest.mark.parametrize("known", [True, False])
    def test_a_stranger_is_not_trusted(self, known: bool) -> None:
        settings = Time().settings(ca=pem(trustme.CA().cert_pem) if known else None)
        with serving_tls(trustme.CA()) as url, pytest.raises(errors.ForgeUntrusted, match="certificate verify failed"):
            session(url, settings).get(f"{url}/x")

    def test_our_own_certificate(self) -> None:
        authority, ours = trustme.CA(), trustme.CA()
        mine = ours.issue_cert("client@example.com")
        secret = {
            "ca.crt": pem(authority.cert_pem),
            "tls.crt": pem(*mine.cert_chain_pems),
            "tls.key": pem(mine.private_key_pem),
        }
        with serving_tls(authority, ask=ours) as url:
            assert session(url, from_secrets(secret)).get(f"{url}/x").json() == {}
            settings = Time().settings(ca=secret["ca.crt"], retries=0)
            with pytest.raises(errors.ForgeError):
                session(url, settings).get(f"{url}/x")

    @pytest.mark.parametrize(
        ("settings", "field"),
        [
            (HttpSettings(ca="not a certificate"), "ca.crt"),
            (HttpSettings(client=ClientCertificate("no", "key")), "tls.crt, tls.key"),
        ],
    )
    def test_what_is_no_certificate(self, settings: HttpSettings, field: str) -> None:
        with pytest.raises(errors.ForgeSettingsInvalid) as caught:
            session("https://forge.example", settings)
        assert caught.value.where.field == field

    def test_a_key_with_a_passphrase_asks_nobody(self) -> None:
        from cryptography.hazmat.primitives.serialization import (
            BestAvailableEncryption,
            Encoding,
            PrivateFormat,
            load_pem_private_key,
        )

        mine = trustme.CA().issue_cert("client@example.com")
        key = load_pem_private_key(mine.private_key_pem.bytes(), None)
        locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
        client = ClientCertificate(pem(*mine.cert_chain_pems), locked.decode())
        with pytest.raises(errors.ForgeSettingsInvalid, match="without a passphrase"):
            session("https://forge.example", HttpSettings(client=client))
