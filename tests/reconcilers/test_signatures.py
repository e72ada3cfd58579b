"""Signed commits, from a GitOpsRepository and its Secret to `git verify-commit` in the repository."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.git.signing_keys import PASSWORD, Keyring, gnupg, openssh
from tests.need import need
from tests.reconcilers.directory import Fleet
from tests.reconcilers.forge import repository, secret


@pytest.fixture
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyring]:
    with gnupg(tmp_path_factory.mktemp("g") / "home") as made:
        yield made


def proposed(fleet: Fleet, kind: str, data: dict[str, str | bytes]) -> str:
    """The commit of a proposal that is signed, signed off, and of an author of its own."""
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    commit = {
        "author": {"name": "Robot", "email": "robot@example.org"},
        "signOff": True,
        "signingKey": {"type": kind, "secretRef": {"name": "key"}},
    }
    fleet.write("repository.yaml", repository(str(fleet.people.path), None, commit=commit), secret("key", data))
    run = fleet.run(repo=None)
    assert run.told() == {"prod": "create, Proposed v1.33.5 -> v1.34.2"}
    made = run.of("prod").commit
    assert made == fleet.people.tip("gitops-upgrader/fleet/prod")
    return made


def git(fleet: Fleet, *arguments: str, **environ: str) -> str:
    """What git says, on both of its channels."""
    done = subprocess.run(
        ["git", "-C", str(fleet.people.path), *arguments],
        env=os.environ | environ,
        capture_output=True,
        check=True,
    )
    return (done.stdout + done.stderr).decode(errors="replace")  # gpg counts in bytes of its own in what it says


def test_git_accepts_the_ssh_signature(fleet: Fleet, tmp_path: Path) -> None:
    need("ssh-keygen")
    key = ed25519.Ed25519PrivateKey.generate()
    commit = proposed(fleet, "ssh", {"identity": openssh(key, PASSWORD), "password": PASSWORD})
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    allowed = tmp_path / "allowed"
    allowed.write_bytes(b'robot@example.org namespaces="git" ' + public + b"\n")

    said = git(fleet, "-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", commit)

    assert 'Good "git" signature for robot@example.org' in said
    trailers = git(fleet, "show", "--no-patch", "--format=%(trailers)", commit)
    assert trailers.splitlines()[:3] == [
        "Gitops-Upgrader: fleet/prod",
        "Gitops-Upgrader-Target: v1.34.2 img-v1.34.2",
        "Signed-off-by: Robot <robot@example.org>",
    ]


def test_git_accepts_the_openpgp_signature(fleet: Fleet, keyring: Keyring) -> None:
    key = keyring.key("ed25519", passphrase=PASSWORD)
    commit = proposed(fleet, "gpg", {"git.asc": key, "passphrase": PASSWORD})

    assert "GOODSIG" in git(fleet, "verify-commit", "--raw", commit, GNUPGHOME=str(keyring.home))


@pytest.mark.parametrize(
    ("kind", "data"),
    [("ssh", {"identity": "no key at all"}), ("gpg", {"git.asc": "no key at all"}), ("ssh", {"password": "x"})],
    ids=["ssh", "gpg", "none"],
)
def test_a_key_that_cannot_sign_stops_the_proposal(kind: str, data: dict[str, str | bytes], fleet: Fleet) -> None:
    fleet.clusters(prod="v1.33.5")
    fleet.usual("prod")
    commit = {"signingKey": {"type": kind, "secretRef": {"name": "key"}}}
    fleet.write("repository.yaml", repository(str(fleet.people.path), None, commit=commit), secret("key", data))

    run = fleet.run(repo=None)

    assert run.told() == {"prod": "error, InvalidSigningKey"}
    assert "Secret fleet/key" in str(run.of("prod").error)
    assert set(fleet.people.branches()) == {"main"}
