"""The OpenPGP certificates that a person trusts, and what they say of their keys."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from gitops_upgrader.errors import InvalidKeyring, Where

if TYPE_CHECKING:
    from pysequoia import Cert
    from pysequoia.packet import Packet


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key or a subkey.

    Args:
        fingerprint: in lower-case hex.
        expires: when; None for never.
        revoked: whether its owner has revoked it.
        bound_since: the oldest signature by which the certificate vouches for it; None where there is none.
        usable: False where the certificate's own signatures prove nothing, such as those with SHA-1.
    """

    fingerprint: str
    expires: datetime | None = None
    revoked: bool = False
    bound_since: datetime | None = None
    usable: bool = True

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
            InvalidKeyring: there is none that can be used.
        """
        from pysequoia import Cert

        try:
            certificates = tuple(Cert.split_bytes(content))
        except RuntimeError as error:
            raise _no_keyring(f"cannot be read as OpenPGP certificates: {first_line(error)}", where) from error
        keys = tuple(key for certificate in certificates for key in _keys(certificate))
        if not keys:
            raise _no_keyring("holds no OpenPGP certificate", where)
        if not any(key.usable for key in keys):
            raise _no_keyring("holds only certificates whose own signatures prove nothing, as SHA-1 does not", where)
        return cls(certificates, keys)

    def by(self, issuers: Sequence[str]) -> tuple[Key, ...]:
        """Return the keys that issued signatures, by fingerprints or key ids in lower-case hex."""
        return tuple(key for key in self.keys if any(key.issued(issuer) for issuer in issuers))


def named(fingerprints: Sequence[str]) -> str:
    """Return fingerprints as gpg shows them, the first few of many."""
    shown = ", ".join(fingerprint.upper() for fingerprint in fingerprints[:4])
    return f"{shown} and {len(fingerprints) - 4} more" if len(fingerprints) > 4 else shown


def first_line(error: Exception) -> str:
    """Return what the library says without the Rust backtrace that follows."""
    return str(error).strip().partition("\n")[0].rstrip(".") or type(error).__name__


def _no_keyring(what: str, where: Where) -> InvalidKeyring:
    return InvalidKeyring(
        f"what signedBy leads to {what}.",
        where=where,
        remedy="Put the repository's public key there, as the Release.key or .asc file that it publishes.",
    )


def _keys(certificate: Cert) -> list[Key]:
    """List a certificate's keys, the primary key first."""
    from pysequoia.packet import PacketPile, Tag

    try:
        expires, usable = certificate.expiration, True
    except RuntimeError:  # no self-signature that the library's policy believes
        expires, usable = None, False
    parts: list[list[Packet]] = []  # each key with the packets up to the next: its signatures, the user ids
    for packet in PacketPile.from_bytes(bytes(certificate)):
        if packet.tag in (Tag.PublicKey, Tag.PublicSubkey):
            parts.append([])
        parts[-1].append(packet)
    return [_key(part, expires, usable=usable, revoked=certificate.is_revoked) for part in parts]


def _key(part: Sequence[Packet], primary_expires: datetime | None, *, usable: bool, revoked: bool) -> Key:
    """Judge one key. A subkey expires as its newest binding says, and at the latest with the primary key."""
    from pysequoia.packet import SignatureType, Tag

    packet = part[0]
    signatures = [each for each in part if each.tag == Tag.Signature]
    revocations = (SignatureType.KeyRevocation, SignatureType.SubkeyRevocation, SignatureType.CertificationRevocation)
    bindings = {
        made: each
        for each in signatures
        if each.signature_type not in revocations and (made := each.signature_created) is not None
    }
    expiries = [primary_expires]
    if packet.tag == Tag.PublicSubkey:
        period = bindings[max(bindings)].key_validity_period if bindings else None
        expiries.append(packet.key_created + period if packet.key_created and period else None)
        revoked = revoked or any(each.signature_type == SignatureType.SubkeyRevocation for each in signatures)
    return Key(
        fingerprint=packet.fingerprint or "",
        expires=min((moment for moment in expiries if moment is not None), default=None),
        revoked=revoked,
        bound_since=min(bindings, default=None),
        usable=usable,
    )
