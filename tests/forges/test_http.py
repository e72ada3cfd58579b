"""The session that every forge shares, over real sockets."""

from __future__ import annotations

import base64
import dataclasses
import email.utils
import itertools
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

from gitops_upgrader import errors
from gitops_upgrader.forges import http
from gitops_upgrader.forges.credentials import Credential, Nobody, Token
from gitops_upgrader.forges.http import Session
from gitops_upgrader.forges.settings import ClientCertificate, HttpSettings, from_secrets
from tests.forges.loopback import Loopback, Reply, Request, serving
from tests.forges.mischief import Silence, between
from tests.forges.worlds import Time
from tests.httpserver import answering
from tests.servers.kubernetes import until

TOKEN = "a-token-of-some-length"


def session(url: str, settings: HttpSettings | None = None, credential: Credential | None = None) -> Session:
    return Session(
        url,
        forge="Forge",
        place="forge.example/acme/fleet",
        credential=credential or Token(TOKEN),
        settings=settings or Time().settings(),
    )


@pytest.fixture
def replies() -> Iterator[tuple[Loopback, dict[str, Callable[[Request], Reply]]]]:
    routes: dict[str, Callable[[Request], Reply]] = {}
    with serving(lambda request: routes[request.path](request)) as server:
        yield server, routes


Replies = tuple[Loopback, dict[str, Callable[[Request], Reply]]]


def test_a_request_is_authorised_and_says_who_asks(replies: Replies) -> None:
    server, routes = replies
    routes["/x"] = lambda request: Reply(200, {"a": 1})
    assert session(server.url).get(f"{server.url}/x").json() == {"a": 1}
    (one,) = server.exchanges
    assert one.request.header("Authorization") == f"Bearer {TOKEN}"
    assert (one.request.header("User-Agent") or "").startswith("gitops-upgrader/")


def test_nobody_sends_nothing_whatever_the_home_folder_has(
    replies: Replies, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, routes = replies
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password mine\n", encoding="utf-8")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    routes["/x"] = lambda request: Reply(200, {}, {"Set-Cookie": "session=1"})
    client = session(server.url, credential=Nobody())
    client.get(f"{server.url}/x")
    client.get(f"{server.url}/x")
    for one in server.exchanges:
        assert one.request.header("Authorization") is None
        assert one.request.header("Cookie") is None


def test_an_unchanged_answer_is_not_sent_again(replies: Replies) -> None:
    server, routes = replies
    routes["/x"] = lambda request: Reply(200, [1, 2], {"Link": '<http://elsewhere/x?page=2>; rel="next"'})
    client = session(server.url)
    first, second = client.get(f"{server.url}/x"), client.get(f"{server.url}/x")
    assert first.json() == second.json() == [1, 2]
    assert second.links["next"]["url"] == "http://elsewhere/x?page=2"
    assert [one.reply.status for one in server.exchanges] == [200, 304]
    assert second.reason == "OK"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_on_the_same_server_is_followed(replies: Replies, status: int) -> None:
    server, routes = replies
    routes["/old"] = lambda request: Reply(status, None, {"Location": "/new?a=1"})
    routes["/new"] = lambda request: Reply(200, dict(request.query))
    client = session(server.url)
    assert client.get(f"{server.url}/old").json() == {"a": "1"}
    assert client.redirected == 1
    assert server.asked("GET", "/new")[0].request.header("Authorization") == f"Bearer {TOKEN}"


@pytest.mark.parametrize("status", [307, 308])
def test_a_post_stays_a_post(replies: Replies, status: int) -> None:
    server, routes = replies
    routes["/old"] = lambda request: Reply(status, None, {"Location": f"{server.url}/new"})
    routes["/new"] = lambda request: Reply(201, [request.method, request.body])
    assert session(server.url).post(f"{server.url}/old", json={"a": 1}).json() == ["POST", {"a": 1}]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_post_that_would_become_a_get_is_refused(replies: Replies, status: int) -> None:
    server, routes = replies
    routes["/old"] = lambda request: Reply(status, None, {"Location": f"{server.url}/new"})
    with pytest.raises(errors.ForgeRedirected, match="another kind of request"):
        session(server.url).post(f"{server.url}/old", json={"a": 1})


def test_a_redirect_in_a_circle_ends(replies: Replies) -> None:
    server, routes = replies
    routes["/x"] = lambda request: Reply(302, None, {"Location": "/x"})
    with pytest.raises(errors.ForgeRedirected, match="more than 5 times"):
        session(server.url).get(f"{server.url}/x")


def test_a_redirect_without_a_place_is_an_answer(replies: Replies) -> None:
    server, routes = replies
    routes["/x"] = lambda request: Reply(302, {"a": 1})
    assert session(server.url).get(f"{server.url}/x").json() == {"a": 1}


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/x", "https://evil.example/x", "http://localhost/x"])
def test_no_request_goes_anywhere_else(replies: Replies, url: str) -> None:
    server, _ = replies
    with pytest.raises(errors.ForgeRedirected, match="gets no credentials"):
        session(server.url).get(url)


def test_nobody_listens() -> None:
    time = Time()
    with serving(lambda request: Reply()) as server:
        url = server.url
    with pytest.raises(errors.ForgeNotConnected, match="no connection"):
        session(url, time.settings()).post(f"{url}/x", json={})
    assert time.slept == [0.75, 1.5, 3.0, 6.0]


def test_a_name_that_is_no_host() -> None:
    with pytest.raises(errors.ForgeNotConnected, match=r"http://no-such-host\.invalid"):
        session("http://no-such-host.invalid", Time().settings(retries=0)).get("http://no-such-host.invalid/x")


def test_an_answer_without_end_is_cut(replies: Replies, monkeypatch: pytest.MonkeyPatch) -> None:
    server, routes = replies
    monkeypatch.setattr(http, "_LARGEST", 1024 * 1024)
    routes["/x"] = lambda request: Reply(200, "x" * 2 * 1024 * 1024)
    with pytest.raises(errors.ForgeAnswerUnreadable, match="more than 1 MiB"):
        session(server.url).get(f"{server.url}/x")


def test_an_answer_in_drops_is_cut(replies: Replies, monkeypatch: pytest.MonkeyPatch) -> None:
    server, routes = replies
    routes["/x"] = lambda request: Reply(200, {"a": 1})
    moments = itertools.chain((0.0,), itertools.repeat(31.0))
    monkeypatch.setattr(http, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    with pytest.raises(errors.ForgeUnreachable, match="took longer than 30 s"):
        session(server.url, Time().settings(retries=0)).get(f"{server.url}/x")


def test_silence_is_not_waited_for_again_where_that_could_do_harm(replies: Replies) -> None:
    server, _ = replies
    with between(server.url) as mischief:
        mischief.expect(Silence())
        with pytest.raises(errors.ForgeUnreachable, match="took longer"):
            session(mischief.url, Time().settings(timeout=0.2)).post(f"{mischief.url}/pulls", json={})
        until(lambda: bool(mischief.seen), "the request has arrived")  # on a busy machine after it was given up
        assert len(mischief.seen) == 1


class Renewable:
    """A credential whose first token is refused."""

    def __init__(self) -> None:
        self.turn = 1

    def header(self) -> str | None:
        return f"Bearer token-{self.turn}"

    def renew(self) -> bool:
        self.turn += 1
        return True

    def secrets(self) -> tuple[str, ...]:
        return ("token-1", "token-2")


def test_a_refused_token_is_renewed_once(replies: Replies) -> None:
    server, routes = replies
    routes["/x"] = lambda request: (
        Reply(200, {}) if request.header("Authorization") == "Bearer token-2" else Reply(401, {"message": "Bad"})
    )
    credential = Renewable()
    session(server.url, credential=credential).get(f"{server.url}/x")
    assert len(server.exchanges) == 2
    routes["/x"] = lambda request: Reply(401, {"message": "Bad"})
    with pytest.raises(errors.ForgeAuthenticationFailed):
        session(server.url, credential=credential).get(f"{server.url}/x")
    assert len(server.exchanges) == 4


class TestLimits:
    @pytest.mark.parametrize(
        ("status", "headers", "message", "pause"),
        [
            (429, {"Retry-After": "30"}, "Slow down", 30.5),
            (429, {}, "Slow down", None),
            (403, {"Retry-After": "12"}, "Forbidden", 12.5),
            (403, {}, "You have exceeded a secondary rate limit.", None),
            (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800000020"}, "API rate limit exceeded", 20.5),
            (429, {"RateLimit-Remaining": "0", "RateLimit-Reset": "1800000020"}, "Retry later", 20.5),
            (429, {"Retry-After": email.utils.formatdate(1_800_000_040, usegmt=True)}, "Retry later", 40.5),
            (429, {"Retry-After": "soon"}, "Retry later", None),
            (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "soon"}, "Retry later", None),
        ],
    )
    def test_each_way_of_saying_so(
        self, replies: Replies, status: int, headers: dict[str, str], message: str, pause: float | None
    ) -> None:
        server, routes = replies
        answers = iter((Reply(status, {"message": message}, headers), Reply(200, {"a": 1})))
        routes["/x"] = lambda request: next(answers)
        time = Time()
        client = session(server.url, time.settings())
        if pause is None:
            with pytest.raises(errors.ForgeRateLimited) as caught:
                client.get(f"{server.url}/x")
            assert caught.value.retry_after == 60
        else:
            assert client.get(f"{server.url}/x").json() == {"a": 1}
            assert time.slept == [pause]

    def test_a_moment_that_has_passed(self, replies: Replies) -> None:
        server, routes = replies
        past = {"Retry-After": email.utils.formatdate(1_700_000_000, usegmt=True)}
        answers = iter((Reply(429, {}, past), Reply(200, {})))
        routes["/x"] = lambda request: next(answers)
        time = Time()
        session(server.url, time.settings()).get(f"{server.url}/x")
        assert time.slept == [0.5]

    def test_what_is_used_up_is_not_asked_for(self, replies: Replies) -> None:
        server, routes = replies
        used_up = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800003600"}
        routes["/x"] = lambda request: Reply(200, {}, used_up)
        routes["/graphql"] = lambda request: Reply(200, {})
        time = Time()
        client = session(server.url, time.settings())
        client.get(f"{server.url}/x")
        with pytest.raises(errors.ForgeRateLimited) as caught:
            client.get(f"{server.url}/x")
        assert caught.value.retry_after == 3600
        client.post(f"{server.url}/graphql", json={})
        assert [one.request.path for one in server.exchanges] == ["/x", "/graphql"]
        time.now += 3600
        client.get(f"{server.url}/x")

    def test_an_unchanged_answer_brings_no_old_limit_back(self, replies: Replies) -> None:
        server, routes = replies
        routes["/x"] = lambda request: Reply(200, {}, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1800000001"})
        time = Time()
        client = session(server.url, time.settings())
        client.get(f"{server.url}/x")
        time.now += 2
        client.get(f"{server.url}/x")
        client.get(f"{server.url}/x")
        assert [one.reply.status for one in server.exchanges] == [200, 304, 304]


class TestWords:
    @pytest.mark.parametrize(
        ("body", "said"),
        [
            (
                {"message": "Validation Failed", "errors": [{"field": "head", "code": "invalid"}]},
                "Validation Failed; head invalid",
            ),
            (
                {"message": "Validation Failed", "errors": [{"code": "custom", "message": "No commits between"}]},
                "Validation Failed; No commits between",
            ),
            ({"message": ["Another open merge request already exists"]}, "Another open merge request already exists"),
            ({"message": {"title": ["is too long", "is odd"]}}, "title is too long; title is odd"),
            (
                {"error": "insufficient_scope", "error_description": "It requires more."},
                "It requires more; insufficient_scope",
            ),
            ({"message": "", "url": "http://x/api/swagger"}, ""),
            ("a bare text", "a bare text"),
            (b"plain words", "plain words"),
            (b"", ""),
            ({"message": "x" * 1000}, "x" * 400 + "..."),
        ],
    )
    def test_the_forge_is_quoted(self, replies: Replies, body: object, said: str) -> None:
        server, routes = replies
        routes["/x"] = lambda request: Reply(400, body)
        with pytest.raises(errors.ForgeRefused) as caught:
            session(server.url).get(f"{server.url}/x")
        assert caught.value.message == f"Forge answered GET /x with 400{': ' + said if said else ''}."

    def test_a_page_is_not_quoted(self, replies: Replies) -> None:
        server, routes = replies
        routes["/x"] = lambda request: Reply(418, b"<html>Teapot</html>", {"Content-Type": "text/html"})
        with pytest.raises(errors.ForgeRefused, match=r"with 418\.$"):
            session(server.url).get(f"{server.url}/x")

    @pytest.mark.parametrize(
        ("header", "remedy"),
        [
            ({"X-GitHub-SSO": "required; url=https://github.com/orgs/acme/sso"}, "https://github.com/orgs/acme/sso"),
            ({"X-Accepted-GitHub-Permissions": "pull_requests=write"}, "pull_requests=write"),
            ({}, "docs/forges.md"),
        ],
    )
    def test_what_would_be_enough_is_told(self, replies: Replies, header: dict[str, str], remedy: str) -> None:
        server, routes = replies
        routes["/x"] = lambda request: Reply(403, {"message": "Forbidden"}, header)
        with pytest.raises(errors.ForgeForbidden) as caught:
            session(server.url).get(f"{server.url}/x")
        assert remedy in caught.value.remedy


@contextmanager
def serving_tls(authority: trustme.CA, *, ask: trustme.CA | None = None) -> Iterator[str]:
    """An HTTPS server on loopback that answers {} to everything; with `ask`, to those with a certificate only."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name that http.server gives it)
            """Say nothing."""

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


class TestProxy:
    def test_it_is_asked_with_its_credentials_and_they_are_not_told(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        with serving(lambda request: Reply(200, {"path": request.path})) as proxy:
            place = {"address": proxy.url, "username": "me", "password": "p@ss/word"}
            settings = dataclasses.replace(from_secrets({}, place), sleep=Time().sleep)
            client = session("http://forge.example", settings)
            client.get("http://forge.example/x")
            (one,) = proxy.exchanges
            expected = base64.b64encode(b"me:p@ss/word").decode()
            assert one.request.header("Proxy-Authorization") == f"Basic {expected}"
            assert client.clean(f"p@ss/word p%40ss%2Fword {expected}").count("***") == 3
            assert "p@ss" not in repr(settings)

    def test_the_environment_has_one_too(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with serving(lambda request: Reply(200, {})) as proxy:
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            session("http://forge.example").get("http://forge.example/x")
            assert len(proxy.exchanges) == 1

    @pytest.mark.parametrize("ca", [True, False])
    def test_one_that_is_not_there_is_told_without_its_password(self, ca: bool) -> None:
        with serving(lambda request: Reply()) as server:
            place = server.url
        proxy = place.replace("//", "//me:the-password@")
        settings = Time().settings(proxy=proxy, ca=pem(trustme.CA().cert_pem) if ca else None, retries=0)
        with pytest.raises(errors.ForgeNotConnected, match="proxy") as caught:
            session("https://forge.example", settings).get("https://forge.example/x")
        assert "the-password" not in str(caught.value) + repr(caught.value.__cause__)

    @pytest.mark.parametrize("proxy", ["proxy:3128", "socks5://proxy", "http://", "http://proxy:port", "http://[::1"])
    def test_what_is_no_proxy(self, proxy: str) -> None:
        with pytest.raises(errors.ForgeSettingsInvalid, match="proxy"):
            session("https://forge.example", HttpSettings(proxy=proxy))


def test_a_session_names_its_place_only() -> None:
    assert repr(session("https://forge.example/api")) == "Session('https://forge.example/api')"


def test_no_content_is_a_success(replies: Replies) -> None:
    server, routes = replies
    routes["/x"] = lambda request: Reply(204)
    assert session(server.url).delete(f"{server.url}/x").content == b""
