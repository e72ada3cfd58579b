"""Certificates that a person trusts, in any form, and those that cannot be used."""

from __future__ import annotations

import pysequoia
import pytest

from gitops_upgrader.errors import InvalidKeyring, Where
from gitops_upgrader.sources.keyring import Key, Keyring
from gitops_upgrader.sources.openpgp import verify_clear_text
from tests.debian import NOW, clear_signed
from tests.sources.gnupg import Gpg

WHERE = Where(file="https://example.com/InRelease")
TEXT = b"Origin: tests\n"


def verify(message: bytes, keys: Keyring) -> bytes:
    return verify_clear_text(message, keys, NOW, WHERE)


@pytest.mark.parametrize("form", ["armored", "binary", "several armored blocks", "several in one block"])
def test_a_keyring_may_have_any_form(form: str, key: pysequoia.Tsk, other_key: pysequoia.Tsk) -> None:
    mine, other = key.extract_certificate(), other_key.extract_certificate()
    content = {
        "armored": str(mine).encode(),
        "binary": bytes(mine),
        "several armored blocks": f"{other}\n{mine}".encode(),
        "several in one block": pysequoia.armor(bytes(other) + bytes(mine), pysequoia.ArmorKind.PublicKey).encode(),
    }[form]
    assert verify(clear_signed(TEXT, key), Keyring.parse(content, WHERE)) == TEXT


@pytest.mark.parametrize("content", [b"", b"not a key", b"\x99\x01"])
def test_what_is_no_keyring(content: bytes) -> None:
    with pytest.raises(InvalidKeyring) as caught:
        Keyring.parse(content, Where(field="signedBy"))
    assert str(caught.value).startswith("signedBy: what signedBy leads to ")
    assert "\n" not in str(caught.value)
    assert caught.value.remedy == (
        "Put the repository's public key there, as the Release.key or .asc file that it publishes."
    )


def test_old_signatures_name_their_issuer_by_its_last_64_bits() -> None:
    key = Key("0123456789abcdef0123456789abcdef01234567")
    assert key.issued("89abcdef01234567")
    assert key.issued(key.fingerprint)
    assert not key.issued("01234567")
    assert not key.issued("0123456789abcdef")


def test_a_certificate_that_proves_nothing_of_itself(gpg: Gpg, key: pysequoia.Tsk) -> None:
    gpg("--cert-digest-algo", "SHA1", "--quick-gen-key", "weak@example.com", "rsa3072", "sign", "never")
    weak = gpg("--export")
    with pytest.raises(InvalidKeyring) as caught:
        Keyring.parse(weak, WHERE)
    assert caught.value.message == (
        "what signedBy leads to holds only certificates whose own signatures prove nothing, as SHA-1 does not."
    )
    beside = Keyring.parse(weak + bytes(key.extract_certificate()), WHERE)
    assert verify(clear_signed(TEXT, key), beside) == TEXT
    with pytest.raises(InvalidKeyring) as caught:
        verify(gpg("--clearsign", stdin=TEXT), beside)
    assert caught.value.message == (
        f"the certificate of the key {gpg.fingerprint('weak@example.com')} has no signature of its own that proves "
        "anything."
    )
