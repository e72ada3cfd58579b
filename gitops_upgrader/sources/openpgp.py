"""Verify the signature of a Release file against the keys that a person trusts.

The library judges a signature by the moment at which it was made (RFC 9580, section 5.2.3.11 ff.): a signature that a
key made before it expired stays good for ever. A repository is something else: it is signed anew all the time, and an
old signature under an old key is how an old repository is played back. So, as gpgv and apt do, a key must not have
expired at the moment of reading.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gitops_upgrader.errors import (
    BadSignature,
    InvalidKeyring,
    NotSigned,
    SigningKeyExpired,
    SigningKeyRevoked,
    SourceError,
    UnknownSigningKey,
    WeakSignature,
    Where,
)

if TYPE_CHECKING:
    from pysequoia import Cert, Decrypted
    from pysequoia.packet import Packet

_CLEAR_TEXT = b"-----BEGIN PGP SIGNED MESSAGE-----"
_CLEAR_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----"
_TRUST = "If the repository has a new key, put it where signedBy says, after checking that it is really theirs."


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key or a subkey: fingerprint in lower-case hex, when it expires (None: never), whether revoked."""

    fingerprint: str
    expires: datetime | None
    revoked: bool

    def issued(self, issuer: str) -> bool:
        """Tell whether a signature's issuer, a fingerprint or a 64-bit key id, is this key."""
        return self.fingerprint == issuer or (len(issuer) == 16 and self.fingerprint.endswith(issuer))


@dataclass(frozen=True, slots=True)
class Keyring:
    """The certificates that a person trusts, with the keys in them."""

    certificates: tuple[Cert, ...]
    keys: tuple[Key, ...]

    @classmethod
    def parse(cls, content: bytes, where: Where) -> Keyring:
        """Read OpenPGP certificates, armored or binary, one or many.

        Raises:
            InvalidKeyring: there is none, or one has no valid signature of its own.
        """
        from pysequoia import Cert

        try:
            certificates = tuple(Cert.split_bytes(content))
            keys = tuple(key for certificate in certificates for key in _keys(certificate))
        except RuntimeError as error:
            raise InvalidKeyring(
                f"what signedBy leads to cannot be used as OpenPGP certificates: {_first_line(error)}.",
                where=where,
                remedy="Put the repository's public key there, as the Release.key or .asc file that it publishes.",
            ) from error
        if not certificates:
            raise InvalidKeyring(
                "what signedBy leads to holds no OpenPGP certificate.",
                where=where,
                remedy="Put the repository's public key there, as the Release.key or .asc file that it publishes.",
            )
        return cls(certificates, keys)

    def by(self, issuers: Sequence[str]) -> tuple[Key, ...]:
        """Return the keys that issued signatures, by fingerprints or key ids in lower-case hex."""
        return tuple(key for key in self.keys if any(key.issued(issuer) for issuer in issuers))


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
            f"the repository is signed by {_named(issuers) or 'a key that the signature does not name'}, "
            f"and trusted is {_named([key.fingerprint for key in keyring.keys])}.",
            where=where,
            remedy=_TRUST,
        )
    refusal = next((refusal for key in keys if (refusal := _refusal(key, now, where))), None)
    if refusal:
        return refusal
    known = [packet for packet in packets if keyring.by([packet.issuer_fingerprint or packet.issuer_key_id or ""])]
    if all(_is_weak(packet) for packet in known):
        return WeakSignature(
            f"the signature by {_named(issuers)} uses a digest that can be forged.",
            where=where,
            remedy="Ask whoever runs the repository to sign with SHA-256 or better.",
        )
    return BadSignature(
        f"the signature by {_named([key.fingerprint for key in keys])} does not fit the file: it was changed on its "
        f"way, or its key is too weak{f' ({_first_line(error)})' if error else ''}.",
        where=where,
        remedy="Do not use this copy; compare it with the repository's own.",
    )


def _refusal(key: Key, now: datetime, where: Where) -> SourceError | None:
    """Return why a key does not count at `now`; None if it does."""
    if key.revoked:
        return SigningKeyRevoked(
            f"the key {_named([key.fingerprint])} has been revoked by its owner.", where=where, remedy=_TRUST
        )
    if key.expires is not None and key.expires <= now:
        return SigningKeyExpired(
            f"the key {_named([key.fingerprint])} expired on {key.expires:%Y-%m-%d}.", where=where, remedy=_TRUST
        )
    return None


def _signatures(content: bytes, where: Where) -> tuple[Packet, ...]:
    from pysequoia.packet import PacketPile, Tag

    try:
        packets = tuple(packet for packet in PacketPile.from_bytes(content) if packet.tag == Tag.Signature)
    except RuntimeError as error:
        raise _unreadable(where, _first_line(error)) from error
    if not packets:
        raise _unreadable(where, "it holds none")
    return packets


def _unreadable(where: Where, why: str) -> BadSignature:
    return BadSignature(
        f"the signature cannot be read: {why}.",
        where=where,
        remedy="Ask whoever runs the repository to sign it anew.",
    )


def _keys(certificate: Cert) -> list[Key]:
    """List a certificate's keys. A subkey expires with its newest binding, and at the latest with the primary key."""
    from pysequoia.packet import PacketPile, SignatureType, Tag

    primary_expires, revoked = certificate.expiration, certificate.is_revoked
    keys: list[Key] = []
    newest: datetime | None = None  # the newest binding of the last key in `keys`
    created: datetime | None = None  # when that key was made
    for packet in PacketPile.from_bytes(bytes(certificate)):
        if packet.fingerprint is not None:
            keys.append(Key(packet.fingerprint, primary_expires, revoked))
            newest, created = None, packet.key_created
        elif packet.tag != Tag.Signature or not keys:
            continue
        elif packet.signature_type == SignatureType.SubkeyRevocation:
            keys[-1] = Key(keys[-1].fingerprint, keys[-1].expires, revoked=True)
        elif packet.signature_type == SignatureType.SubkeyBinding:
            made = packet.signature_created
            if made is not None and (newest is None or made >= newest):
                newest = made
                keys[-1] = Key(keys[-1].fingerprint, _expiry(created, packet, primary_expires), keys[-1].revoked)
    return keys


def _expiry(created: datetime | None, binding: Packet, primary_expires: datetime | None) -> datetime | None:
    period = binding.key_validity_period
    own = created + period if created is not None and period else None
    return min((moment for moment in (own, primary_expires) if moment is not None), default=None)


def _is_weak(packet: Packet) -> bool:
    from pysequoia.packet import HashAlgorithm

    return packet.hash_algorithm in (HashAlgorithm.MD5, HashAlgorithm.SHA1, HashAlgorithm.RipeMD)


def _named(fingerprints: Sequence[str]) -> str:
    """Fingerprints as gpg shows them, the first few of many."""
    shown = ", ".join(fingerprint.upper() for fingerprint in fingerprints[:4])
    return f"{shown} and {len(fingerprints) - 4} more" if len(fingerprints) > 4 else shown


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__
