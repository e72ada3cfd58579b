"""How OpenSSH is told to trust nobody it does not know, and to use one key only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gitops_upgrader.errors import InvalidCredentials
from gitops_upgrader.git.auth import GitAuth
from gitops_upgrader.git.keys import without_passphrase
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
    identity = write("identity", without_passphrase(auth.identity, auth.identity_password, InvalidCredentials))
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


def _quoted(path: Path) -> str:
    """Quote a path as ssh_config(5) reads it: in double quotes, with `%` doubled."""
    return '"' + str(path).replace("%", "%%") + '"'
