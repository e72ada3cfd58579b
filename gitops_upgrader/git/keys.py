"""Private keys as OpenSSH and OpenSSL write them.

What reads them is imported where it is used: most runs have no key to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitops_upgrader.errors import GitError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

_OPENSSH = b"-----BEGIN OPENSSH PRIVATE KEY-----"


def load_key(data: bytes, password: str | None, error: type[GitError]) -> PrivateKeyTypes:
    """Read a private key, in OpenSSH's own format or in PEM.

    Args:
        data: the key.
        password: its passphrase; one for a key that has none is ignored.
        error: the class to raise.

    Raises:
        GitError: an `error`: it is no private key, of a kind that is not known, or the passphrase does not fit.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    load = serialization.load_ssh_private_key if _OPENSSH in data else serialization.load_pem_private_key
    try:
        return load(data, password.encode() if password else None)
    except TypeError:
        if password:
            return load_key(data, None, error)
        raise error("The private key is encrypted.", remedy="Add its passphrase under `password`.") from None
    except UnsupportedAlgorithm:
        raise error(
            "The private key is of a kind that is not known, or needs a hardware token.",
            remedy="Use an Ed25519, ECDSA or RSA key.",
        ) from None
    except ValueError:
        raise error(
            "The private key cannot be read: it is none, or the passphrase is wrong.",
            remedy="Check `identity` and `password`.",
        ) from None


def without_passphrase(data: bytes, password: str | None, error: type[GitError]) -> bytes:
    """Return a private key that needs no passphrase, as OpenSSH reads it.

    Raises:
        GitError: an `error`, as of `load_key`.
    """
    from cryptography.hazmat.primitives import serialization

    return load_key(data, password, error).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
