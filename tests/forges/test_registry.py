from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gitops_upgrader import errors
from gitops_upgrader.forges.address import Address
from gitops_upgrader.forges.connection import Connection
from gitops_upgrader.forges.credentials import GitHubApp, Token
from gitops_upgrader.forges.protocol import MergeMethod, NewPull, People, Verdict
from gitops_upgrader.forges.registry import FORGES, guess_provider, open_forge


@pytest.mark.parametrize(
    ("address", "environ", "provider"),
    [
        (Address("https", "github.com", "a/b"), {}, "github"),
        (Address("ssh", "GitHub.com", "a/b"), {}, "github"),
        (Address("ssh", "ssh.github.com", "a/b", 443), {}, "github"),
        (Address("https", "acme.ghe.com", "a/b"), {}, "github"),
        (Address("https", "gitlab.com", "g/s/p"), {}, "gitlab"),
        (Address("https", "codeberg.org", "a/b"), {}, "gitea"),
        (Address("https", "gitea.com", "a/b"), {}, "gitea"),
        (Address("file", "", "/srv/fleet.git"), {}, "local"),
        (Address("https", "git.example", "a/b"), {"GITHUB_SERVER_URL": "https://git.example"}, "github"),
        (Address("https", "git.example", "a/b"), {"GITLAB_HOST": "git.example"}, "gitlab"),
        (Address("https", "git.example", "a/b", 8443), {"GITLAB_HOST": "git.example:8443"}, "gitlab"),
        (Address("http", "127.0.0.1", "a/b", 3000), {"GITEA_URL": "http://127.0.0.1:3000/"}, "gitea"),
        (Address("ssh", "git.example", "a/b", 2222), {"GITEA_URL": "https://git.example:3000"}, "gitea"),
    ],
)
def test_a_host_tells(address: Address, environ: dict[str, str], provider: str) -> None:
    assert guess_provider(address, environ) == provider


@pytest.mark.parametrize(
    ("address", "environ"),
    [
        (Address("https", "git.example", "a/b"), {}),
        (Address("https", "github.com.evil.example", "a/b"), {}),
        (Address("https", "git.example", "a/b", 8443), {"GITEA_URL": "https://git.example"}),
        (Address("http", "git.example", "a/b"), {"GITEA_URL": "https://git.example"}),
        (Address("https", "git.example", "a/b"), {"GITEA_URL": "  "}),
    ],
)
def test_a_host_does_not_tell(address: Address, environ: dict[str, str]) -> None:
    with pytest.raises(errors.ProviderUnknown, match="Set provider"):
        guess_provider(address, environ)


def test_a_variable_that_is_no_host() -> None:
    with pytest.raises(errors.ForgeSettingsInvalid, match="GITEA_URL"):
        guess_provider(Address("https", "git.example", "a/b"), {"GITEA_URL": "http://[::1"})


def test_every_provider_opens(tmp_path: Path) -> None:
    for provider in FORGES:
        connection = Connection(Address("https", "git.example", "a/b"), credential=Token("abc"), git_dir=tmp_path)
        forge = open_forge(provider, connection)
        assert forge.name == provider


def test_a_provider_that_there_is_not() -> None:
    with pytest.raises(errors.ProviderUnknown, match="github, gitlab, gitea, local, none"):
        open_forge("bitbucket", Connection(Address("https", "git.example", "a/b")))


@pytest.mark.parametrize("provider", ["github", "gitlab", "gitea"])
def test_a_folder_is_on_no_server(provider: str) -> None:
    with pytest.raises(errors.ForgeSettingsInvalid, match="on no"):
        open_forge(provider, Connection(Address("file", "", "/srv/fleet.git")))


def test_a_server_is_no_folder() -> None:
    with pytest.raises(errors.ForgeSettingsInvalid, match="local repository"):
        open_forge("local", Connection(Address("https", "git.example", "a/b")))


@pytest.mark.parametrize("provider", ["gitlab", "gitea"])
def test_a_github_app_opens_no_other_forge(provider: str) -> None:
    app = GitHubApp("1", "KEY")
    with pytest.raises(errors.ForgeSettingsInvalid, match="no other forge"):
        open_forge(provider, Connection(Address("https", "git.example", "a/b"), credential=app))


def test_no_client_is_imported_before_it_is_needed() -> None:
    code = (
        "import sys, gitops_upgrader.forges.registry as r;"
        "r.open_forge('none', r.Connection(r.Address('https', 'git.example', 'a/b')));"
        "print([name for name in ('github', 'gitlab', 'jwt') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_forge_at_all() -> None:
    forge = open_forge("none", Connection(Address("https", "git.example", "a/b")))
    assert not forge.capabilities.opens_pulls
    assert forge.find("x") == ()
    assert forge.recent("x", datetime(2026, 1, 1, tzinfo=UTC)) == ()
    assert forge.branch_url("x/y") == "x/y"
    assert forge.file_url("0" * 40, "a", 1) is None
    forge.set_verdict("0" * 40, Verdict.SUCCESS, "Yes.")
    for operation in (
        lambda: forge.get(1),
        lambda: forge.create(NewPull("T", "B", "x", "main", "0" * 40)),
        lambda: forge.update(1, title="T", body="B", head_commit="0" * 40),
        lambda: forge.comment(1, "key", "Text"),
        lambda: forge.close(1),
        lambda: forge.mark_merged(1, "0" * 40, datetime(2026, 1, 1, tzinfo=UTC)),
        lambda: forge.involve(1, People()),
        lambda: forge.drop_label(1, "bug"),
        lambda: forge.set_draft(1, draft=True),
        lambda: forge.arm_auto_merge(1, MergeMethod.MERGE),
        lambda: forge.disarm_auto_merge(1),
    ):
        with pytest.raises(errors.ForgeNotFound):
            operation()
