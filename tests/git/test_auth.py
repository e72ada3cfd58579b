from __future__ import annotations

import base64

import pytest

from gitops_upgrader.errors import InvalidCredentials
from gitops_upgrader.git import GitAuth, Location

HTTPS = Location.parse("https://git.example.org/fleet")
SSH = Location.parse("git@git.example.org:fleet")
PEM = b"-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n"
KEY = b"-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"username": b"ada", "password": b"pw\n"}, GitAuth(username="ada", password="pw")),
        ({"username": b"token-as-name"}, GitAuth(username="token-as-name")),
        ({"bearerToken": b"tok"}, GitAuth(bearer_token="tok")),
        ({"ca.crt": PEM}, GitAuth(ca=PEM)),
        ({"caFile": PEM}, GitAuth(ca=PEM)),
        ({"tls.crt": PEM, "tls.key": KEY}, GitAuth(client_certificate=PEM, client_key=KEY)),
        ({"username": b"", "password": b" "}, GitAuth()),
        ({"githubAppID": b"1", "githubAppPrivateKey": KEY, "ca.crt": PEM}, GitAuth(ca=PEM)),
    ],
)
def test_secrets_of_http_repositories(data: dict[str, bytes], expected: GitAuth) -> None:
    assert GitAuth.from_secret(data, HTTPS) == expected


def test_secrets_of_ssh_repositories() -> None:
    auth = GitAuth.from_secret({"identity": KEY, "known_hosts": b"h k\n", "password": b"pw"}, SSH)
    assert auth == GitAuth(identity=KEY, known_hosts=b"h k\n", identity_password="pw")


@pytest.mark.parametrize(
    ("data", "location", "words"),
    [
        ({"password": b"x"}, HTTPS, "`username` is missing"),
        ({"bearerToken": b"x", "password": b"y", "username": b"z"}, HTTPS, "exclude each other"),
        ({"tls.crt": PEM}, HTTPS, "`tls.key` is missing"),
        ({"tls.key": KEY}, HTTPS, "`tls.crt` is missing"),
        ({"ca.crt": b"junk"}, HTTPS, "`ca.crt` is no PEM"),
        ({"caFile": b"junk"}, HTTPS, "`caFile` is no PEM"),
        ({"username": b"a\xff"}, HTTPS, "`username` is not UTF-8"),
        ({"bearerToken": b"a\nEvil: header"}, HTTPS, "`bearerToken` has a control character"),
        ({}, SSH, "`identity` is missing"),
        ({"identity": KEY}, SSH, "`known_hosts` is missing.*ssh-keyscan git.example.org"),
        ({"identity": KEY, "known_hosts": b"\n"}, SSH, "`known_hosts` is missing"),
    ],
)
def test_what_a_secret_lacks_is_named(data: dict[str, bytes], location: Location, words: str) -> None:
    with pytest.raises(InvalidCredentials, match=words) as caught:
        GitAuth.from_secret(data, location, name="fleet/git")
    assert str(caught.value).startswith("Secret fleet/git: ")
    with pytest.raises(InvalidCredentials, match=r"^Secret: "):
        GitAuth.from_secret(data, location)


def test_headers_are_as_the_standards_have_them() -> None:
    assert GitAuth(bearer_token="tok").authorization == "Bearer tok"
    assert (
        GitAuth(username="näme", password="p:w").authorization
        == "Basic " + base64.b64encode("näme:p:w".encode()).decode()
    )
    assert GitAuth(username="tok").authorization == "Basic " + base64.b64encode(b"tok:").decode()
    assert GitAuth().authorization is None


def test_a_proxy_has_a_secret_of_its_own() -> None:
    auth = GitAuth(username="ada", password="pw").with_proxy(
        {"address": b"http://proxy:3128\n", "username": b"us@r", "password": b"p/w"}
    )
    assert auth.proxy_url == "http://us%40r:p%2Fw@proxy:3128"
    assert GitAuth().with_proxy({"address": b"socks5://proxy"}).proxy_url == "socks5://proxy"
    assert GitAuth().proxy_url is None
    for address in (b"", b"proxy:3128", b"http://a:b@proxy", b"ftp://proxy", b"http://"):
        with pytest.raises(InvalidCredentials, match="`address`"):
            GitAuth().with_proxy({"address": address})


def test_no_representation_shows_a_secret() -> None:
    auth = GitAuth(
        username="u-s3cret",
        password="p-s3cret",
        bearer_token="b-s3cret",
        identity=b"i-s3cret",
        identity_password="w-s3cret",
        client_key=b"k-s3cret",
        proxy="http://proxy",
        proxy_username="x-s3cret",
        proxy_password="y-s3cret",
    )
    assert repr(auth) == "GitAuth(username='u-s3cret', proxy='http://proxy')"
    assert {"p-s3cret", "b-s3cret", "i-s3cret", "w-s3cret", "k-s3cret", "y-s3cret"} <= set(auth.secrets)
    assert "tok" in GitAuth(username="tok").secrets


def test_credentials_of_an_address_fill_a_gap() -> None:
    address = Location.parse("https://a%40b:p%2Fw@h/x")
    assert GitAuth().completed_from(address) == GitAuth(username="a@b", password="p/w")
    assert GitAuth(ca=PEM).completed_from(address) == GitAuth(username="a@b", password="p/w", ca=PEM)
    assert GitAuth(bearer_token="tok").completed_from(address) == GitAuth(bearer_token="tok")
    assert GitAuth().completed_from(Location.parse("https://tok@h/x")) == GitAuth(username="tok", password="")
    for location in (HTTPS, SSH):
        assert GitAuth().completed_from(location) == GitAuth()
