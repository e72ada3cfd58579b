"""Signatures: real keys, real signatures, and every way in which one does not count."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pysequoia
import pytest

from gitops_upgrader.errors import (
    BadSignature,
    NotSigned,
    SigningKeyExpired,
    SigningKeyNotBound,
    SigningKeyRevoked,
    SourceError,
    UnknownSigningKey,
    WeakSignature,
    Where,
)
from gitops_upgrader.sources.keyring import Keyring
from gitops_upgrader.sources.openpgp import verify_clear_text, verify_detached
from tests.debian import NOW, clear_signed, detached
from tests.sources.gnupg import Gpg

WHERE = Where(file="https://example.com/InRelease")
TEXT = b"Origin: tests\n- a line with a dash\nDate: now\n"
BARE = TEXT.rstrip()  # gpg leaves the last line end to the frame (RFC 9580, section 7)


def ring(*keys: pysequoia.Tsk) -> Keyring:
    return Keyring.parse(b"".join(bytes(key.extract_certificate()) for key in keys), WHERE)


def named(key: pysequoia.Tsk) -> str:
    return next(iter(ring(key).certificates)).fingerprint.upper()


def signing_key(key: pysequoia.Tsk) -> str:
    signature = detached(TEXT, key)
    return (pysequoia.Sig.from_bytes(signature).issuer_fingerprint or "").upper()


def verify(message: bytes, keys: Keyring, now: datetime = NOW) -> bytes:
    return verify_clear_text(message, keys, now, WHERE)


def test_what_is_signed_comes_back(key: pysequoia.Tsk) -> None:
    assert verify(clear_signed(TEXT, key), ring(key)) == TEXT


def test_text_around_what_is_signed_is_dropped(key: pysequoia.Tsk) -> None:
    signed = clear_signed(TEXT, key)
    assert verify(b"Origin: evil\n\n" + signed + b"\nOrigin: evil\n", ring(key)) == TEXT
    assert verify(signed + clear_signed(b"Origin: second\n", key), ring(key)) == TEXT


def test_one_good_signature_of_several_suffices(key: pysequoia.Tsk, other_key: pysequoia.Tsk) -> None:
    for keys in ((key, other_key), (other_key, key)):
        assert verify(clear_signed(TEXT, *keys), ring(key)) == TEXT
        assert verify_detached(TEXT, detached(TEXT, *keys), ring(key), NOW, WHERE) == TEXT


def test_a_detached_signature(key: pysequoia.Tsk) -> None:
    assert verify_detached(TEXT, detached(TEXT, key), ring(key), NOW, WHERE) == TEXT
    binary = pysequoia.sign(key.signer(), TEXT, mode=pysequoia.SignatureMode.DETACHED, armor=False)
    assert verify_detached(TEXT, binary, ring(key), NOW, WHERE) == TEXT


def test_a_change_is_noticed(key: pysequoia.Tsk) -> None:
    with pytest.raises(BadSignature) as caught:
        verify(clear_signed(TEXT, key).replace(b"Origin: tests", b"Origin: evil!"), ring(key))
    assert str(caught.value) == (
        f"https://example.com/InRelease: the signature by {signing_key(key)} does not fit the file: it was changed on "
        "its way, or its key is too weak (Signature verification failed: no valid signatures found). "
        "Do not use this copy; compare it with the repository's own."
    )
    with pytest.raises(BadSignature):
        verify_detached(TEXT + b"x", detached(TEXT, key), ring(key), NOW, WHERE)


def test_the_reason_about_a_known_key_is_told_first(key: pysequoia.Tsk, other_key: pysequoia.Tsk) -> None:
    for keys in ((key, other_key), (other_key, key)):
        with pytest.raises(BadSignature):
            verify_detached(TEXT + b"x", detached(TEXT, *keys), ring(key), NOW, WHERE)
        with pytest.raises(BadSignature):
            verify(clear_signed(TEXT, *keys).replace(b"tests", b"evil!"), ring(key))


def test_an_unknown_key_is_named(key: pysequoia.Tsk, other_key: pysequoia.Tsk) -> None:
    with pytest.raises(UnknownSigningKey) as caught:
        verify(clear_signed(TEXT, other_key), ring(key))
    trusted = ", ".join(each.fingerprint.upper() for each in ring(key).keys)
    assert str(caught.value) == (
        f"https://example.com/InRelease: the repository is signed by {signing_key(other_key)}, "
        f"and trusted is {trusted}. "
        "If the repository has a new key, put it where signedBy says, after checking that it is really theirs."
    )


def test_many_keys_are_not_all_named(key: pysequoia.Tsk, other_key: pysequoia.Tsk) -> None:
    third = pysequoia.Tsk.generate("Third <third@example.com>")
    with pytest.raises(UnknownSigningKey, match=" and 2 more\\."):
        verify(clear_signed(TEXT, third), ring(key, other_key))


def test_a_key_that_has_expired_today() -> None:
    key = pysequoia.Tsk.generate("Short <short@example.com>", validity_seconds=24 * 3600)
    expires = next(iter(ring(key).certificates)).expiration
    assert expires is not None
    signed = clear_signed(TEXT, key)
    assert verify(signed, ring(key), expires - timedelta(seconds=1)) == TEXT
    for message in (signed, signed.replace(b"tests", b"evil!")):
        with pytest.raises(SigningKeyExpired) as caught:
            verify(message, ring(key), expires)
        assert caught.value.message == f"the key {signing_key(key)} expired on {expires:%Y-%m-%d}."


def test_an_expired_key_beside_one_that_is_good(key: pysequoia.Tsk) -> None:
    short = pysequoia.Tsk.generate("Short <short@example.com>", validity_seconds=24 * 3600)
    later = NOW + timedelta(days=2)
    for keys in ((short, key), (key, short)):
        assert verify(clear_signed(TEXT, *keys), ring(key, short), later) == TEXT
        assert verify_detached(TEXT, detached(TEXT, *keys), ring(key, short), later, WHERE) == TEXT


def test_a_revoked_key(other_key: pysequoia.Tsk) -> None:
    certificate = other_key.extract_certificate()
    revocation = certificate.revoke(other_key.certifier())
    revoked = Keyring.parse(bytes(certificate) + bytes(revocation), WHERE)
    with pytest.raises(SigningKeyRevoked) as caught:
        verify(clear_signed(TEXT, other_key), revoked)
    assert caught.value.message == f"the key {signing_key(other_key)} has been revoked by its owner."


@pytest.mark.parametrize(
    "message",
    [
        b"",
        TEXT,
        b"<html>sign in</html>",
        b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\ncut off",
        b"-----BEGIN PGP SIGNATURE-----\n\n-----BEGIN PGP SIGNED MESSAGE-----\n",
    ],
)
def test_what_is_not_signed(message: bytes, key: pysequoia.Tsk) -> None:
    with pytest.raises(NotSigned) as caught:
        verify(message, ring(key))
    assert caught.value.message == "the file holds no cleartext signature."


def test_a_message_that_is_signed_another_way_is_not_taken(key: pysequoia.Tsk) -> None:
    with pytest.raises(NotSigned):
        verify(pysequoia.sign(key.signer(), TEXT, mode=pysequoia.SignatureMode.INLINE), ring(key))


def certificate(key: pysequoia.Tsk) -> bytes:
    return str(key.extract_certificate()).encode()


@pytest.mark.parametrize(
    ("signature", "why"),
    [
        (lambda key: b"", "it holds none"),
        (lambda key: b"<html></html>", "unexpected EOF"),
        (lambda key: detached(TEXT, key)[:60], "unexpected EOF"),
        (certificate, None),
    ],
)
def test_a_signature_that_cannot_be_read(
    signature: Callable[[pysequoia.Tsk], bytes], why: str | None, key: pysequoia.Tsk, other_key: pysequoia.Tsk
) -> None:
    with pytest.raises(SourceError) as caught:
        verify_detached(TEXT, signature(key), ring(key), NOW, WHERE)
    if why is not None:
        assert isinstance(caught.value, BadSignature)
        assert "\n" not in str(caught.value)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_what_gnupg_signs(gpg: Gpg) -> None:
    gpg("--quick-gen-key", "old@example.com", "rsa3072", "sign", "1y")
    keys = Keyring.parse(gpg("--armor", "--export"), WHERE)
    clear = gpg("--clearsign", stdin=TEXT, at="20250601T000000")
    apart = gpg("--armor", "--detach-sign", stdin=TEXT, at="20250601T000000")
    assert verify(clear, keys, at("2025-06-02")) == BARE
    assert verify_detached(TEXT, apart, keys, at("2025-06-02"), WHERE) == TEXT
    # the library itself calls these good for ever, as they were made before the key expired
    with pytest.raises(SigningKeyExpired):
        verify(clear, keys, at("2026-01-02"))
    with pytest.raises(SigningKeyExpired):
        verify_detached(TEXT, apart, keys, at("2026-01-02"), WHERE)


def test_a_subkey_expires_by_itself_and_can_be_prolonged(gpg: Gpg) -> None:
    gpg("--quick-gen-key", "sub@example.com", "ed25519", "cert", "never")
    primary = gpg.fingerprint("sub@example.com")
    gpg("--quick-add-key", primary, "ed25519", "sign", "1y")
    clear = gpg("--clearsign", stdin=TEXT, at="20250601T000000")
    short = Keyring.parse(gpg("--export"), WHERE)
    assert verify(clear, short, at("2025-06-02")) == BARE
    with pytest.raises(SigningKeyExpired, match="expired on 2026-01-01"):
        verify(clear, short, at("2026-01-02"))
    gpg("--quick-set-expire", primary, "3y", "*", at="20250701T000000")
    longer = Keyring.parse(gpg("--export"), WHERE)
    again = gpg("--clearsign", stdin=TEXT, at="20250702T000000")
    assert verify(again, longer, at("2026-01-02")) == BARE
    with pytest.raises(SigningKeyNotBound) as caught:
        verify(clear, longer, at("2026-01-02"))
    subkey = next(key.fingerprint for key in longer.keys if key.fingerprint.upper() != primary).upper()
    assert caught.value.message == (
        f"the repository was signed on 2025-06-01, and the certificate of the key {subkey} "
        "vouches for it since 2025-07-01 only."
    )


def test_a_revoked_subkey(gpg: Gpg) -> None:
    gpg("--quick-gen-key", "sub@example.com", "ed25519", "cert", "never")
    gpg("--quick-add-key", gpg.fingerprint("sub@example.com"), "ed25519", "sign", "never")
    clear = gpg("--clearsign", stdin=TEXT, at="20250601T000000")
    commands = b"key 1\nrevkey\ny\n3\n\ny\nsave\n"  # 3: no longer used, which leaves older signatures good elsewhere
    gpg("--no-batch", "--command-fd", "0", "--edit-key", "sub@example.com", stdin=commands, at="20250701T000000")
    with pytest.raises(SigningKeyRevoked):
        verify(clear, Keyring.parse(gpg("--export"), WHERE), at("2025-08-01"))


def test_a_weak_digest(gpg: Gpg) -> None:
    gpg("--quick-gen-key", "weak@example.com", "rsa3072", "sign", "never")
    clear = gpg("--digest-algo", "SHA1", "--clearsign", stdin=TEXT, at="20250601T000000")
    with pytest.raises(WeakSignature) as caught:
        verify(clear, Keyring.parse(gpg("--export"), WHERE), at("2025-06-02"))
    assert caught.value.message == (
        f"the signature by {gpg.fingerprint('weak@example.com')} uses a digest that can be forged."
    )
