"""Signatures of commits: OpenPGP without a gpg binary, and SSH (SSHSIG)."""

from __future__ import annotations

import base64
import hashlib
import struct
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from gitops_upgrader.errors import InvalidSigningKey, Where
from gitops_upgrader.git.keys import load_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
    from pysequoia import PySigner

SigningKind: TypeAlias = Literal["gpg", "ssh"]

_NAMESPACE = b"git"
_MAGIC = b"SSHSIG"
_HASH = b"sha512"
_ARMOUR_WIDTH = 70


class Signer(Protocol):
    """Signs a commit."""

    def sign(self, payload: bytes) -> str:
        """Return the armoured detached signature of these bytes, as the header `gpgsig` holds it.

        Raises:
            InvalidSigningKey: the key cannot sign.
        """


def signer_from_secret(kind: SigningKind, data: Mapping[str, bytes], *, name: str = "") -> Signer:
    """Make a signer from a Secret with Flux's keys.

    Args:
        kind: `gpg` reads `git.asc` (an armoured or binary private key) and `passphrase`; `ssh` reads `identity` and
            `password`.
        data: the Secret's decoded data.
        name: `namespace/name` of the Secret, for messages.

    Raises:
        InvalidSigningKey: a key is missing from the Secret, unreadable, expired, revoked, or its passphrase is wrong.
    """
    where = Where(object=f"Secret {name}" if name else "Secret")
    key, password = ("git.asc", "passphrase") if kind == "gpg" else ("identity", "password")
    if not data.get(key, b"").strip():
        raise InvalidSigningKey(
            f"The key `{key}` is missing or empty.", where=where, remedy=f"Signing with {kind} needs a private key."
        )
    secret = data.get(password, b"").decode("utf-8", "replace").rstrip("\r\n") or None
    try:
        return OpenPgpSigner.load(data[key], secret) if kind == "gpg" else SshSigner.load(data[key], secret)
    except InvalidSigningKey as error:
        raise InvalidSigningKey(error.message, where=where, remedy=error.remedy) from None


@dataclass(frozen=True, slots=True)
class OpenPgpSigner:
    """Signs with an OpenPGP key (RFC 9580). Its fingerprint is public, and shown."""

    fingerprint: str
    _signer: PySigner = field(repr=False)

    @classmethod
    def load(cls, data: bytes, passphrase: str | None) -> OpenPgpSigner:
        """Read a private key.

        Raises:
            InvalidSigningKey: it is none, it cannot sign (any more), or the passphrase is wrong or missing.
        """
        from pysequoia import Tsk

        try:
            key = Tsk.from_bytes(data)
            public = key.extract_certificate()
        except (RuntimeError, ValueError) as error:
            raise InvalidSigningKey(
                "The key `git.asc` is no OpenPGP private key.", remedy="Use `gpg --armor --export-secret-keys ID`."
            ) from error
        if public.is_revoked:
            raise InvalidSigningKey(f"The OpenPGP key {public.fingerprint} is revoked.", remedy="Use another one.")
        try:
            return cls(public.fingerprint, key.signer(passphrase))
        except (RuntimeError, ValueError) as error:
            raise InvalidSigningKey(
                f"The OpenPGP key {public.fingerprint} cannot sign: it has expired, holds no private part for signing, "
                "or its passphrase is wrong or missing.",
                remedy="Check it with `gpg --show-keys`, and the Secret's key `passphrase`.",
            ) from error

    def sign(self, payload: bytes) -> str:
        """Return an armoured detached signature."""
        from pysequoia import SignatureMode, sign

        try:
            return bytes(sign(self._signer, payload, mode=SignatureMode.DETACHED)).decode("ascii")
        except RuntimeError as error:
            raise InvalidSigningKey(
                f"The OpenPGP key {self.fingerprint} cannot sign.", remedy="Check it with `gpg --show-keys`."
            ) from error


@dataclass(frozen=True, slots=True)
class SshSigner:
    """Signs with an SSH key, in OpenSSH's format (PROTOCOL.sshsig), for the namespace `git`."""

    fingerprint: str
    _public: bytes = field(repr=False)
    _private: PrivateKeyTypes = field(repr=False)

    @classmethod
    def load(cls, data: bytes, password: str | None) -> SshSigner:
        """Read a private key.

        Raises:
            InvalidSigningKey: it is none, of a kind that cannot sign, or the passphrase is wrong or missing.
        """
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

        key = load_key(data, password, InvalidSigningKey)
        if not isinstance(key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
            raise InvalidSigningKey(
                "Keys of this kind do not sign commits.", remedy="Use an Ed25519, ECDSA or RSA key."
            )
        line = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        public = base64.b64decode(line.split()[1])
        digest = base64.b64encode(hashlib.sha256(public).digest()).decode().rstrip("=")
        return cls(f"SHA256:{digest}", public, key)

    def sign(self, payload: bytes) -> str:
        """Return an armoured signature."""
        head = _string(_NAMESPACE) + _string(b"") + _string(_HASH)
        signature = _ssh_signature(self._private, _MAGIC + head + _string(hashlib.sha512(payload).digest()))
        blob = _MAGIC + struct.pack(">I", 1) + _string(self._public) + head + _string(signature)
        lines = textwrap.wrap(base64.b64encode(blob).decode("ascii"), _ARMOUR_WIDTH)
        return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""])


def _ssh_signature(key: PrivateKeyTypes, data: bytes) -> bytes:
    """Return a signature as SSH carries it (RFC 8709, RFC 5656, RFC 8332)."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    if isinstance(key, ed25519.Ed25519PrivateKey):
        return _string(b"ssh-ed25519") + _string(key.sign(data))
    if isinstance(key, rsa.RSAPrivateKey):
        return _string(b"rsa-sha2-512") + _string(key.sign(data, padding.PKCS1v15(), hashes.SHA512()))
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"{type(key).__name__} is no key for signing")
    curves: dict[int, tuple[bytes, hashes.HashAlgorithm]] = {
        256: (b"nistp256", hashes.SHA256()),
        384: (b"nistp384", hashes.SHA384()),
        521: (b"nistp521", hashes.SHA512()),
    }
    curve, algorithm = curves[key.curve.key_size]
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(algorithm)))
    return _string(b"ecdsa-sha2-" + curve) + _string(_mpint(r) + _mpint(s))


def _string(value: bytes) -> bytes:
    """Return bytes behind their length (RFC 4251, section 5)."""
    return struct.pack(">I", len(value)) + value


def _mpint(value: int) -> bytes:
    """Return a positive integer in two's complement (RFC 4251, section 5)."""
    return _string(value.to_bytes(value.bit_length() // 8 + 1, "big"))
