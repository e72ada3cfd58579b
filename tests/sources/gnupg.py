"""GnuPG, as another program that makes keys and signatures."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.need import need


class Gpg:
    """GnuPG with a home of its own and a clock that is told."""

    def __init__(self, home: Path) -> None:
        self._program = need("gpg")
        self._home = home
        home.mkdir(mode=0o700)

    def __call__(self, *arguments: str, at: str = "20250101T000000", stdin: bytes = b"") -> bytes:
        command = [
            *(str(self._program), "--homedir", str(self._home), "--batch", "--yes", "--quiet", "--no-tty"),
            *("--pinentry-mode", "loopback", "--passphrase", "", "--faked-system-time", f"{at}!"),
        ]
        result = subprocess.run([*command, *arguments], input=stdin, capture_output=True, check=False)
        assert result.returncode == 0, result.stderr.decode()
        return result.stdout

    def fingerprint(self, name: str) -> str:
        listed = self("--list-keys", "--with-colons", name).decode()
        return next(line.split(":")[9] for line in listed.split("\n") if line.startswith("fpr:"))
