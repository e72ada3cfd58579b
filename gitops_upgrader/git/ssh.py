"""How OpenSSH is told to trust nobody it does not know, and to use one key only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from gitops_upgrader.errors import InvalidCredentials
from gitops_upgrader.git.auth import GitAuth
from gitops_upgrader.git.location import Location

_LONGEST_CONNECT = 30


def ssh_command(
    location: Location,
    auth: GitAuth,
    known_hosts: Path | None,
    write: Callable[[str, bytes], Path],
    timeout: float,
) -> list[str]:
    """Return the command that `git` runs for `ssh`: no configuration, no agent, no prompt, strict about the host.

    Args:
        location: the server, for messages.
        auth: with `identity`, and its passphrase where it has one.
        known_hosts: the file of known hosts.
        write: puts bytes into a private file, mode 0600, and returns its path.
        timeout: seconds that a connection may take.

    Raises:
        InvalidCredentials: the key or known_hosts is missing, or the key cannot be read with that passphrase.
    """
    if auth.identity is None:
        raise InvalidCredentials(
            f"The SSH address {location} needs a private key.", remedy="Put it into the Secret under `identity`."
        )
    if known_hosts is None:
        raise InvalidCredentials(
            f"The SSH address {location} needs known_hosts: without it the server could be anybody.",
            remedy=f"Put the output of `ssh-keyscan {location.host}` into the Secret, once you have compared it.",
        )
    identity = write("identity", plain_key(auth.identity, auth.identity_password))
    options = {
        "BatchMode": "yes",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": _quoted(known_hosts),
        "GlobalKnownHostsFile": "/dev/null",
        "CheckHostIP": "no",
        "UpdateHostKeys": "no",
        "IdentitiesOnly": "yes",
        "IdentityFile": _quoted(identity),
        "IdentityAgent": "none",
        "PreferredAuthentications": "publickey",
        "ForwardAgent": "no",
        "ConnectTimeout": str(max(1, min(_LONGEST_CONNECT, int(timeout)))),
        "ServerAliveInterval": "10",
        "LogLevel": "ERROR",
    }
    return ["ssh", "-F", "/dev/null", *(part for name, value in options.items() for part in ("-o", f"{name}={value}"))]


def plain_key(identity: bytes, password: str | None) -> bytes:
    """Return a private key without its passphrase, in OpenSSH's format; one without a passphrase as it is.

    Raises:
        InvalidCredentials: it is no private key, or the passphrase is wrong or missing.
    """
    if password is None and b"ENCRYPTED" not in identity and b"BEGIN OPENSSH" not in identity:
        return identity
    secret = password.encode() if password else None
    load = serialization.load_ssh_private_key if b"BEGIN OPENSSH" in identity else serialization.load_pem_private_key
    try:
        key = load(identity, secret)
    except TypeError as error:
        if password is not None:  # a passphrase for a key that has none: harmless
            return identity
        raise _unreadable("is encrypted, and its passphrase is missing", "Add it under `password`.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        if b"BEGIN OPENSSH" in identity and password is None and "sk-" in str(error):
            return identity
        raise _unreadable("cannot be read, or its passphrase is wrong", "Check `identity` and `password`.") from error
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )


def _unreadable(why: str, remedy: str) -> InvalidCredentials:
    return InvalidCredentials(f"The SSH private key {why}.", remedy=remedy)


def _quoted(path: Path) -> str:
    """Quote a path as ssh_config(5) reads it: in double quotes, with `%` doubled."""
    return '"' + str(path).replace("%", "%%") + '"'
