"""Verify the signature of a Release file against the keys that a person trusts.

The library judges a signature by the moment at which it was made (RFC 9580, section 5.2.3.11 ff.): a signature that a
key made before it expired stays good for ever. A repository is something else: it is signed anew all the time, and an
old signature under an old key is how an old repository is played back. So, as gpgv and apt do, a key must not have
expired at the moment of reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from gitops_upgrader.errors import (
    BadSignature,
    InvalidKeyring,
    NotSigned,
    SigningKeyExpired,
    SigningKeyNotBound,
    SigningKeyRevoked,
    SourceError,
    UnknownSigningKey,
    WeakSignature,
    Where,
)
from gitops_upgrader.sources.keyring import Key, Keyring, first_line, named

if TYPE_CHECKING:
    from pysequoia import Cert, Decrypted
    from pysequoia.packet import Packet

_CLEAR_TEXT = b"-----BEGIN PGP SIGNED MESSAGE-----"
_CLEAR_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----"
_TRUST = "If the repository has a new key, put it where signedBy says, after checking that it is really theirs."


def verify_clear_text(message: bytes, keyring: Keyring, now: datetime, where: Where) -> bytes:
    """Return what a cleartext signature (an InRelease file) signs. Text before, between and after is dropped.

    Of several signatures one that is good suffices: Debian signs with the keys of several releases.

    Raises:
        NotSigned: it is no cleartext-signed message.
        BadSignature, WeakSignature, UnknownSigningKey, SigningKeyExpired, SigningKeyRevoked: no signature is good.
    """
    import pysequoia

    start, signature = message.find(_CLEAR_TEXT), message.find(_CLEAR_SIGNATURE)
    if start < 0 or signature < start:
        raise NotSigned(
            "the file holds no cleartext signature.",
            where=where,
            remedy="Ask whoever runs the repository to sign it, or take signedBy out if you need no proof.",
        )
    packets = _signatures(message[signature:], where)
    return _verify(lambda store: pysequoia.verify(bytes=message, store=store), packets, keyring, now, where)


def verify_detached(content: bytes, signatures: bytes, keyring: Keyring, now: datetime, where: Where) -> bytes:
    """Return `content` (a Release file) after verifying detached signatures of it (Release.gpg).

    Raises:
        BadSignature, WeakSignature, UnknownSigningKey, SigningKeyExpired, SigningKeyRevoked: no signature is good.
    """
    import pysequoia

    failures: list[SourceError] = []
    for packet in _signatures(signatures, where):
        signature = pysequoia.Sig.from_bytes(bytes(packet))  # of many packets it would read the first alone

        def check(store: _Store, signature: pysequoia.Sig = signature) -> Decrypted:
            return pysequoia.verify(bytes=content, store=store, signature=signature)

        try:
            return _verify(check, (packet,), keyring, now, where)
        except SourceError as error:
            failures.append(error)
    raise min(failures, key=lambda error: isinstance(error, UnknownSigningKey))


_Store = Callable[[list[str]], list["Cert"]]


def _verify(
    check: Callable[[_Store], Decrypted], packets: Sequence[Packet], keyring: Keyring, now: datetime, where: Where
) -> bytes:
    try:
        verified = check(lambda _issuers: list(keyring.certificates))
    except RuntimeError as error:  # all that the library raises, with a Rust backtrace in its text
        raise _why_not(packets, keyring, now, where, error) from error
    keys = keyring.by([signature.signing_key for signature in verified.valid_sigs])
    refusals = [_refusal(key, now, where) for key in keys]
    if verified.bytes is not None and None in refusals:
        return verified.bytes
    raise next((refusal for refusal in refusals if refusal), None) or _why_not(packets, keyring, now, where, None)


def _why_not(
    packets: Sequence[Packet], keyring: Keyring, now: datetime, where: Where, error: Exception | None
) -> SourceError:
    """Tell why no signature verifies; the library says only that none does."""
    issuers = [issuer for packet in packets if (issuer := packet.issuer_fingerprint or packet.issuer_key_id)]
    keys = keyring.by(issuers)
    if not keys:
        return UnknownSigningKey(
            f"the repository is signed by {named(issuers) or 'a key that the signature does not name'}, "
            f"and trusted is {named([key.fingerprint for key in keyring.keys])}.",
            where=where,
            remedy=_TRUST,
        )
    known = [packet for packet in packets if keyring.by([packet.issuer_fingerprint or packet.issuer_key_id or ""])]
    refusals = (_refusal(key, now, where) or _unbound(key, known, where) for key in keys)
    refusal = next((refusal for refusal in refusals if refusal), None)
    if refusal:
        return refusal
    if all(_is_weak(packet) for packet in known):
        return WeakSignature(
            f"the signature by {named(issuers)} uses a digest that can be forged.",
            where=where,
            remedy="Ask whoever runs the repository to sign with SHA-256 or better.",
        )
    return BadSignature(
        f"the signature by {named([key.fingerprint for key in keys])} does not fit the file: it was changed on its "
        f"way, or its key is too weak{f' ({first_line(error)})' if error else ''}.",
        where=where,
        remedy="Do not use this copy; compare it with the repository's own.",
    )


def _refusal(key: Key, now: datetime, where: Where) -> SourceError | None:
    """Return why a key does not count at `now`; None if it does."""
    if key.revoked:
        return SigningKeyRevoked(
            f"the key {named([key.fingerprint])} has been revoked by its owner.", where=where, remedy=_TRUST
        )
    if key.expires is not None and key.expires <= now:
        return SigningKeyExpired(
            f"the key {named([key.fingerprint])} expired on {key.expires:%Y-%m-%d}.", where=where, remedy=_TRUST
        )
    return None


def _unbound(key: Key, packets: Sequence[Packet], where: Where) -> SourceError | None:
    """Return why a certificate does not vouch for its key at the time of the signatures; None if it does.

    GnuPG drops the older of a key's self-signatures when it prolongs the key, and then nothing that is left vouches for
    what was signed before. apt on Debian 13, which uses the same library, refuses such a signature too.
    """
    if not key.usable:
        return InvalidKeyring(
            f"the certificate of the key {named([key.fingerprint])} has no signature of its own that proves anything.",
            where=where,
            remedy=_TRUST,
        )
    made = [made for packet in packets if (made := packet.signature_created) is not None]
    if key.bound_since is None or not made or max(made) >= key.bound_since:
        return None
    return SigningKeyNotBound(
        f"the repository was signed on {max(made):%Y-%m-%d}, and the certificate of the key "
        f"{named([key.fingerprint])} vouches for it since {key.bound_since:%Y-%m-%d} only.",
        where=where,
        remedy="Ask whoever runs the repository to sign it anew, or use the certificate as it was before.",
    )


def _signatures(content: bytes, where: Where) -> tuple[Packet, ...]:
    from pysequoia.packet import PacketPile, Tag

    try:
        packets = tuple(packet for packet in PacketPile.from_bytes(content) if packet.tag == Tag.Signature)
    except RuntimeError as error:
        raise _unreadable(where, first_line(error)) from error
    if not packets:
        raise _unreadable(where, "it holds none")
    return packets


def _unreadable(where: Where, why: str) -> BadSignature:
    return BadSignature(
        f"the signature cannot be read: {why}.",
        where=where,
        remedy="Ask whoever runs the repository to sign it anew.",
    )


def _is_weak(packet: Packet) -> bool:
    from pysequoia.packet import HashAlgorithm

    return packet.hash_algorithm in (HashAlgorithm.MD5, HashAlgorithm.SHA1, HashAlgorithm.RipeMD)
