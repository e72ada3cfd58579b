from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519

from gitops_upgrader.errors import InvalidSigningKey
from gitops_upgrader.git import Location, RefUpdate, Repository, Signer, signer_from_secret
from gitops_upgrader.git.signing import SigningKind
from tests.git.conftest import ROBOT, WHEN, Fleet
from tests.git.signing_keys import PASSWORD, Keyring, gnupg, openssh, pkcs8
from tests.need import need

SshKey: TypeAlias = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KINDS: dict[str, Callable[[], SshKey]] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ecdsa-256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ecdsa-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ecdsa-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "rsa": lambda: rsa.generate_private_key(65537, 2048),
}


def signed_commit(fleet: Fleet, signer: Signer) -> str:
    """Push a signed commit and return its id."""
    with Repository.open(Location.local(fleet.path)) as repository:
        base = repository.fetch(["main"])["main"]
        message = "Upgrade dev to v1.34.2\n\nWhy: näher am Ziel\n\nGitops-Upgrader: fleet/dev\n"
        oid = repository.commit(base, {"clusters/dev.yaml": b"version: v1.34.2\n"}, message, ROBOT, ROBOT, WHEN, signer)
        repository.push([RefUpdate("signed", oid, None)])
        assert repository.commit_info(oid).message == message
    return oid


@pytest.mark.parametrize("kind", KINDS)
def test_git_accepts_ssh_signatures_of_every_kind_of_key(kind: str, fleet: Fleet, tmp_path: Path) -> None:
    need("ssh-keygen")
    key = KINDS[kind]()
    oid = signed_commit(fleet, signer_from_secret("ssh", {"identity": openssh(key)}))
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    allowed = tmp_path / "allowed"
    allowed.write_bytes(b'robot@example.org namespaces="git" ' + public + b"\n")
    fleet.git("-c", f"gpg.ssh.allowedSignersFile={allowed}", "verify-commit", oid)
    fleet.git("fsck", "--strict")


@pytest.mark.parametrize("write", [openssh, pkcs8])
def test_an_encrypted_ssh_key_is_opened_with_its_password(write: Callable[..., bytes], fleet: Fleet) -> None:
    data = write(ed25519.Ed25519PrivateKey.generate(), PASSWORD)
    signed_commit(fleet, signer_from_secret("ssh", {"identity": data, "password": PASSWORD.encode() + b"\n"}))


@pytest.mark.parametrize("write", [openssh, pkcs8])
def test_a_password_for_a_key_that_has_none_does_no_harm(write: Callable[..., bytes]) -> None:
    data = write(ed25519.Ed25519PrivateKey.generate())
    with_one = signer_from_secret("ssh", {"identity": data, "password": PASSWORD.encode()})
    assert with_one.sign(b"x") == signer_from_secret("ssh", {"identity": data}).sign(b"x")


def test_equal_payloads_get_equal_ed25519_signatures() -> None:
    signer = signer_from_secret("ssh", {"identity": openssh(ed25519.Ed25519PrivateKey.generate())})
    assert signer.sign(b"x") == signer.sign(b"x") != signer.sign(b"y")


@pytest.fixture
def keyring(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyring]:
    with gnupg(tmp_path_factory.mktemp("g") / "home") as made:
        yield made


@pytest.mark.parametrize(("algorithm", "passphrase"), [("ed25519", ""), ("rsa2048", PASSWORD)])
def test_git_accepts_openpgp_signatures(algorithm: str, passphrase: str, fleet: Fleet, keyring: Keyring) -> None:
    key = keyring.key(algorithm, passphrase=passphrase)
    oid = signed_commit(fleet, signer_from_secret("gpg", {"git.asc": key, "passphrase": passphrase.encode()}))
    done = subprocess.run(
        ["git", "verify-commit", "--raw", oid],
        cwd=fleet.path,
        env=os.environ | {"GNUPGHOME": str(keyring.home)},
        capture_output=True,
        check=True,
    )
    assert b"GOODSIG" in done.stderr
    fleet.git("fsck", "--strict")


def test_an_openpgp_key_with_a_wrong_passphrase_or_none_is_refused(keyring: Keyring) -> None:
    key = keyring.key("ed25519", passphrase=PASSWORD)
    for given in (b"", b"another"):
        with pytest.raises(InvalidSigningKey, match="passphrase is wrong or missing") as caught:
            signer_from_secret("gpg", {"git.asc": key, "passphrase": given}, name="fleet/signing")
        assert str(caught.value).startswith("Secret fleet/signing: ")
        assert "backtrace" not in str(caught.value)


def test_an_expired_openpgp_key_is_refused(keyring: Keyring) -> None:
    key = keyring.key("ed25519", expires="1y", now="20200101T000000!")
    with pytest.raises(InvalidSigningKey, match="it has expired"):
        signer_from_secret("gpg", {"git.asc": key})


def test_a_revoked_openpgp_key_is_refused(keyring: Keyring) -> None:
    keyring.key("ed25519")
    certificate = next((keyring.home / "openpgp-revocs.d").glob("*.rev")).read_bytes()
    keyring.gpg("--import", data=certificate.replace(b":-----BEGIN", b"-----BEGIN"))
    with pytest.raises(InvalidSigningKey, match="is revoked"):
        signer_from_secret("gpg", {"git.asc": keyring.gpg("--armor", "--export-secret-keys")})


def test_an_openpgp_key_without_its_private_part_is_refused(keyring: Keyring) -> None:
    keyring.key("ed25519")
    with pytest.raises(InvalidSigningKey, match="no private part"):
        signer_from_secret("gpg", {"git.asc": keyring.gpg("--armor", "--export")})


@pytest.mark.parametrize(
    ("kind", "data", "words"),
    [
        ("gpg", {}, "`git.asc` is missing"),
        ("gpg", {"git.asc": b"junk"}, "no OpenPGP private key"),
        ("ssh", {"identity": b" \n"}, "`identity` is missing"),
        ("ssh", {"identity": b"junk"}, "cannot be read"),
        ("ssh", {"identity": openssh(ed25519.Ed25519PrivateKey.generate(), PASSWORD)}, "is encrypted"),
        ("ssh", {"identity": openssh(ed25519.Ed25519PrivateKey.generate(), PASSWORD), "password": b"no"}, "is wrong"),
        ("ssh", {"identity": pkcs8(x25519.X25519PrivateKey.generate())}, "do not sign"),
    ],
)
def test_keys_that_cannot_sign_say_why(kind: SigningKind, data: dict[str, bytes], words: str) -> None:
    with pytest.raises(InvalidSigningKey, match=words):
        signer_from_secret(kind, data)


def test_no_key_shows_itself(keyring: Keyring) -> None:
    signers = [
        signer_from_secret("ssh", {"identity": openssh(ed25519.Ed25519PrivateKey.generate())}),
        signer_from_secret("gpg", {"git.asc": keyring.key("ed25519")}),
    ]
    for signer in signers:
        assert "PRIVATE" not in repr(signer)
        assert "fingerprint=" in repr(signer)
