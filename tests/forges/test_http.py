"""The session that every forge shares, over real sockets."""

from __future__ import annotations

import base64
import dataclasses
import itertools
from pathlib import Path
from types import SimpleNamespace

import pytest
import trustme

from gitops_upgrader import errors
from gitops_upgrader.forges import http
from gitops_upgrader.forges.credentials import Nobody
from gitops_upgrader.forges.settings import HttpSettings, from_secrets
from tests.forges.loopback import Reply, serving
from tests.forges.mischief import Silence, between
from tests.forges.session import TOKEN, Replies, session
from tests.forges.worlds import Time
from tests.servers.kubernetes import until


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
        settings = Time().settings(proxy=proxy, ca=trustme.CA().cert_pem.bytes().decode() if ca else None, retries=0)
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
