"""A real SSH server on the loopback interface: OpenSSH's `sshd -i`, started for each connection."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.need import need


@dataclass(frozen=True)
class SshServer:
    """Where it listens, whom it lets in, and what it is known by."""

    port: int
    user: str
    identity: bytes
    host_key: str

    @property
    def known_hosts(self) -> bytes:
        """The line of known_hosts that tells its key."""
        return f"[127.0.0.1]:{self.port} {self.host_key}\n".encode()

    def url(self, path: Path) -> str:
        """Return the address of a repository."""
        return f"ssh://{self.user}@127.0.0.1:{self.port}{path}"


def key_pair() -> tuple[bytes, str]:
    """Make a private key in OpenSSH's format, and its public line."""
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private, public.decode()


@contextmanager
def ssh_server(folder: Path, *, protocol_2: bool = True) -> Iterator[SshServer]:
    """Serve this user's files over SSH to one key, made for the purpose.

    Args:
        folder: where keys and the configuration go.
        protocol_2: whether the server lets Git's protocol version 2 through (AcceptEnv GIT_PROTOCOL), as forges do.
    """
    need("ssh")
    host_private, host_public = key_pair()
    private, public = key_pair()
    config = _configure(folder, host_private, public, protocol_2=protocol_2)
    listener = socket.create_server(("127.0.0.1", 0))
    served: list[subprocess.Popen[bytes]] = []
    thread = threading.Thread(target=_serve, args=(listener, [str(need("sshd")), "-i", "-e", "-f", config], served))
    thread.start()
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        yield SshServer(listener.getsockname()[1], user, private, host_public)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
        for process in served:
            process.kill()
            process.wait()


def _configure(folder: Path, host_key: bytes, authorized: str, *, protocol_2: bool) -> str:
    if os.geteuid() == 0:  # sshd's own folder without rights, made by its service at boot
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    (folder / "host_key").write_bytes(host_key)
    (folder / "host_key").chmod(0o600)
    (folder / "authorized").write_text(authorized + "\n", "ascii")
    lines = [
        f'HostKey "{folder}/host_key"',
        f'AuthorizedKeysFile "{folder}/authorized"',
        "PermitRootLogin prohibit-password",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "StrictModes no",
        "UsePAM no",
        "LogLevel QUIET",
        *(["AcceptEnv GIT_PROTOCOL"] if protocol_2 else []),
    ]
    path = folder / "sshd_config"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return str(path)


def _serve(listener: socket.socket, command: list[str], served: list[subprocess.Popen[bytes]]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the test is over
            return
        with connection:
            end = connection.fileno()
            served.append(subprocess.Popen(command, stdin=end, stdout=end, stderr=subprocess.DEVNULL))
