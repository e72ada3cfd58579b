from __future__ import annotations

import pytest

from gitops_upgrader.errors import ForgeSettingsInvalid
from gitops_upgrader.forges import settings
from gitops_upgrader.forges.credentials import GitHubApp, Nobody, Token, from_secret

APP = {"githubAppID": " 123 ", "githubAppPrivateKey": "-----BEGIN RSA PRIVATE KEY-----"}


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ({"token": "abc\n"}, Token("abc")),
        ({"token": "abc", "password": "no", "username": "me"}, Token("abc")),
        ({"username": "git", "password": "abc"}, Token("abc")),
        ({"bearerToken": "abc"}, Token("abc")),
        ({"bearerToken": "abc", "username": "me", "password": "no"}, Token("abc")),
        ({"identity": "KEY", "password": "passphrase"}, None),
        ({"identity": "KEY", "username": "git", "password": "passphrase"}, None),
        ({"identity": "KEY", "known_hosts": "x"}, None),
        ({"ca.crt": "PEM"}, None),
        ({}, None),
        ({"token": ""}, None),
        (
            APP | {"githubAppInstallationID": "456"},
            GitHubApp("123", APP["githubAppPrivateKey"], installation_id=456),
        ),
        (
            APP | {"githubAppInstallationOwner": "acme", "githubAppBaseURL": "https://ghe.example/api/v3"},
            GitHubApp("123", APP["githubAppPrivateKey"], owner="acme", api_url="https://ghe.example/api/v3"),
        ),
    ],
)
def test_what_a_secret_holds(secret: dict[str, str], expected: Token | GitHubApp | None) -> None:
    assert from_secret(secret) == expected


@pytest.mark.parametrize("missing", ["githubAppID", "githubAppPrivateKey"])
def test_half_an_app(missing: str) -> None:
    with pytest.raises(ForgeSettingsInvalid) as caught:
        from_secret({key: value for key, value in APP.items() if key != missing})
    assert caught.value.where.field == missing


@pytest.mark.parametrize("number", ["abc", "-1", "1.5", "٤"])
def test_an_installation_that_is_no_number(number: str) -> None:
    with pytest.raises(ForgeSettingsInvalid, match="no number"):
        from_secret(APP | {"githubAppInstallationID": number})


@pytest.mark.parametrize("value", ["", "a b", "a\nb", "a\x7f", "tökèn", "\tx"])
def test_what_is_no_token(value: str) -> None:
    with pytest.raises(ForgeSettingsInvalid) as caught:
        Token(value)
    assert not value or value not in str(caught.value)


def test_a_token_does_not_show_itself() -> None:
    assert "abc" not in repr(Token("abc"))
    assert "PRIVATE" not in repr(GitHubApp("1", "PRIVATE"))
    assert (Token("abc").header(), Token("abc").renew(), Token("abc").secrets()) == ("Bearer abc", False, ("abc",))
    assert (Nobody().header(), Nobody().renew(), Nobody().secrets()) == (None, False, ())


class TestSettings:
    def test_flux_keys(self) -> None:
        made = settings.from_secrets({"caFile": "OLD", "tls.crt": "CRT", "tls.key": "KEY"}, timeout=20)
        assert (made.ca, made.timeout, made.proxy) == ("OLD", 20, None)
        assert made.client is not None
        assert (made.client.certificate, made.client.key) == ("CRT", "KEY")
        assert settings.from_secrets({"caFile": "OLD", "ca.crt": "NEW"}).ca == "NEW"
        assert settings.from_secrets({}).proxies() == {}

    @pytest.mark.parametrize("key", ["tls.crt", "tls.key"])
    def test_half_a_certificate(self, key: str) -> None:
        with pytest.raises(ForgeSettingsInvalid, match=r"tls\.crt and tls\.key"):
            settings.from_secrets({key: "x"})

    @pytest.mark.parametrize(
        ("proxy", "url"),
        [
            ({"address": "http://proxy:3128"}, "http://proxy:3128"),
            ({"address": "http://proxy:3128", "password": "no user"}, "http://proxy:3128"),
            ({"address": "http://proxy:3128", "username": "m e"}, "http://m%20e:@proxy:3128"),
            ({"address": "https://proxy", "username": "me", "password": "p@/:"}, "https://me:p%40%2F%3A@proxy"),
        ],
    )
    def test_a_proxy(self, proxy: dict[str, str], url: str) -> None:
        made = settings.from_secrets({}, proxy)
        assert made.proxies() == {"http": url, "https": url}
        assert "p@/:" in made.secrets() or "@" not in url or proxy.get("password", "") == ""

    def test_a_proxy_without_an_address(self) -> None:
        with pytest.raises(ForgeSettingsInvalid, match="no address"):
            settings.from_secrets({}, {"username": "me"})

    def test_a_proxy_without_a_password_has_no_secrets(self) -> None:
        assert settings.HttpSettings(proxy="http://proxy").secrets() == ()
        assert settings.HttpSettings().secrets() == ()
