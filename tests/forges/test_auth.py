"""GitHub Apps against GitHub's part of the API for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gitops_upgrader import errors
from gitops_upgrader.forges.address import Address
from gitops_upgrader.forges.auth import InstallationTokens
from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.credentials import GitHubApp
from gitops_upgrader.forges.registry import open_forge
from tests.forges.fake_github import FakeGitHub
from tests.forges.loopback import Loopback, Reply, Request, serving
from tests.forges.project import Project
from tests.forges.worlds import Time, address_of

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class FakeApps:
    """GitHub's part of the API for Apps, before a fake repository. Tokens are numbered and last an hour."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.issued = 0
        self.installations = {"/orgs/acme/installation": 7, "/users/ada/installation": 8}
        self.installations["/repos/acme/fleet/installation"] = 9
        self.valid = ""
        self.answer: Any = None

    def __call__(self, request: Request) -> Reply:
        path = request.path.removeprefix("/api/v3")
        claims = jwt.decode(
            (request.header("Authorization") or "").removeprefix("Bearer "),
            PUBLIC,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False},
        )
        assert claims["iss"] == "123"
        assert claims["iat"] <= self.time.now - 30
        assert self.time.now + 60 < claims["exp"] <= claims["iat"] + 600
        if request.method == "GET":
            number = self.installations.get(path)
            return Reply(200, self.answer or {"id": number}) if number else Reply(404, {"message": "Not Found"})
        assert path in {f"/app/installations/{number}/access_tokens" for number in (5, 7, 8, 9)}
        assert request.body == {"repositories": ["fleet"]}
        self.issued += 1
        self.valid = f"ghs_installation_token_{self.issued}"

        expires = datetime.fromtimestamp(self.time.now + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Reply(201, self.answer or {"token": self.valid, "expires_at": expires})


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def apps(time: Time) -> FakeApps:
    return FakeApps(time)


@pytest.fixture
def server(apps: FakeApps) -> Iterator[Loopback]:
    with serving(apps) as server:
        yield server


Tokens = Callable[..., InstallationTokens]


@pytest.fixture
def tokens(server: Loopback, time: Time) -> Tokens:
    def make(**app: Any) -> InstallationTokens:
        return InstallationTokens(GitHubApp("123", PEM, **app), address_of(server.url), time.settings())

    return make


class TestApp:
    def test_a_token_is_kept_until_it_nears_its_end(self, tokens: Tokens, apps: FakeApps, time: Time) -> None:
        ours = tokens(installation_id=5)
        assert ours.token() == ours.token() == "ghs_installation_token_1"
        assert ours.header() == "Bearer ghs_installation_token_1"
        time.now += 3299
        assert ours.token() == "ghs_installation_token_1"
        time.now += 2
        assert ours.token() == "ghs_installation_token_2"
        assert apps.issued == 2

    def test_a_token_that_is_refused_is_asked_for_anew(self, tokens: Tokens) -> None:
        ours = tokens(installation_id=5)
        ours.token()
        assert ours.renew()
        assert ours.token() == "ghs_installation_token_2"

    @pytest.mark.parametrize(
        ("owner", "number"), [("acme", 7), ("ada", 8), (None, 9)], ids=["organisation", "account", "repository"]
    )
    def test_an_installation_is_looked_up_once(
        self, tokens: Tokens, server: Loopback, owner: str | None, number: int
    ) -> None:
        ours = tokens(owner=owner)
        ours.token()
        ours.renew()
        ours.token()
        asked = [one.request.path for one in server.exchanges if one.request.method == "POST"]
        assert asked == [f"/api/v3/app/installations/{number}/access_tokens"] * 2
        assert len([one for one in server.exchanges if one.request.path.endswith("/installation")]) <= 2

    def test_an_app_that_is_not_installed(self, tokens: Tokens) -> None:
        with pytest.raises(errors.ForgeNotFound, match="not installed for nobody"):
            tokens(owner="nobody").token()

    def test_an_app_that_github_does_not_know(self, time: Time) -> None:
        def echo(request: Request) -> Reply:
            return Reply(401, {"message": f"could not decode {request.header('Authorization')}"})

        with serving(echo) as server:
            ours = InstallationTokens(GitHubApp("123", PEM, 5), address_of(server.url), time.settings())
            with pytest.raises(errors.ForgeAuthenticationFailed, match=r"could not decode Bearer \*\*\*") as caught:
                ours.token()
            assert "eyJ" not in str(caught.value)
            assert len(server.exchanges) == 1

    def test_an_enterprise_server_of_its_own(self, server: Loopback, time: Time) -> None:
        app = GitHubApp("123", PEM, installation_id=5, api_url=f"{server.url}/api/v3")
        elsewhere = Address("https", "ghe.example", "acme/fleet")
        assert InstallationTokens(app, elsewhere, time.settings()).token() == "ghs_installation_token_1"

    @pytest.mark.parametrize("answer", [{"token": "ghs_secret"}, {"token": "ghs_secret", "expires_at": "soon"}, ["x"]])
    def test_a_strange_answer(self, tokens: Tokens, apps: FakeApps, answer: Any) -> None:
        apps.answer = answer
        with pytest.raises(errors.ForgeAnswerUnreadable) as caught:
            tokens(installation_id=5).token()
        assert "ghs_secret" not in str(caught.value)
        assert caught.value.__cause__ is None

    @pytest.mark.parametrize("answer", [{"id": "x"}, ["x"], {"a": 1}])
    def test_a_strange_installation(self, tokens: Tokens, apps: FakeApps, answer: Any) -> None:
        apps.answer = answer
        with pytest.raises(errors.ForgeAnswerUnreadable):
            tokens().token()

    @pytest.mark.parametrize(
        "key",
        [
            "no key",
            PEM[:200],
            ec.generate_private_key(ec.SECP256R1())
            .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            .decode(),
        ],
        ids=["text", "half", "elliptic"],
    )
    def test_what_is_no_key(self, time: Time, key: str) -> None:
        with pytest.raises(errors.ForgeSettingsInvalid) as caught:
            InstallationTokens(GitHubApp("123", key), Address("https", "github.com", "a/b"), time.settings())
        assert caught.value.where.field == "githubAppPrivateKey"
        assert caught.value.__cause__ is None

    def test_a_key_from_a_secret_may_have_blank_lines(self, time: Time) -> None:
        app = GitHubApp("123", f"\n{PEM}\n\n")
        InstallationTokens(app, Address("https", "github.com", "a/b"), time.settings())

    def test_what_is_secret(self, tokens: Tokens) -> None:
        ours = tokens(installation_id=5)
        assert PEM in ours.secrets()
        ours.token()
        assert "ghs_installation_token_1" in ours.secrets()
        assert "ghs_installation_token_1" not in repr(ours)

    def test_a_forge_uses_it(self, apps: FakeApps, time: Time) -> None:
        fake = FakeGitHub(Project())

        def answer(request: Request) -> Reply:
            if "/app/" in request.path:
                return apps(request)
            fake.token = apps.valid
            return fake(request)

        with serving(answer) as server:
            fake.url = server.url
            app = GitHubApp("123", PEM, installation_id=5)
            forge = open_forge("github", Connection(address_of(server.url), credential=app, settings=time.settings()))
            assert forge.find("x") == ()
            apps.valid = "revoked-by-somebody"
            assert forge.find("x") == ()
            assert apps.issued == 2
