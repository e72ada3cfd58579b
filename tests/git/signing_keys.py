"""Keys that sign commits: OpenSSH's, and those of a GnuPG home."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

from tests.need import need

PASSWORD = "correct horse"


def openssh(key: PrivateKeyTypes, password: str | None = None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password.encode())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, encryption)


def pkcs8(key: PrivateKeyTypes, password: str | None = None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password.encode())
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


class Keyring:
    """A GnuPG home of its own, on a path short enough for its agent's socket."""

    def __init__(self, home: Path) -> None:
        self.home = home
        home.mkdir(mode=0o700)
        # How often a passphrase is hashed (RFC 9580, 3.7.1.3). Else the agent measures what takes a tenth of a second.
        (home / "gpg-agent.conf").write_text("s2k-count 65536\n")

    def gpg(self, *arguments: str, data: bytes = b"") -> bytes:
        command: list[str | Path] = [
            need("gpg"),
            "--homedir",
            self.home,
            "--batch",
            "--pinentry-mode",
            "loopback",
            *arguments,
        ]
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout

    def key(
        self, algorithm: str, *, passphrase: str = "", expires: str = "never", usage: str = "sign", now: str = ""
    ) -> bytes:
        clock = ["--faked-system-time", now] if now else []
        person = "Robot <robot@example.org>"
        self.gpg(*clock, "--passphrase", passphrase, "--quick-gen-key", person, algorithm, usage, expires)
        return self.gpg("--passphrase", passphrase, "--armor", "--export-secret-keys")

    def close(self) -> None:
        """Stop the agent that gpg starts for itself."""
        subprocess.run([need("gpgconf"), "--homedir", self.home, "--kill", "all"], check=True)


@contextmanager
def gnupg(home: Path) -> Iterator[Keyring]:
    """A GnuPG home, until the block ends; needs gpg."""
    need("gpg")
    made = Keyring(home)
    try:
        yield made
    finally:
        made.close()
