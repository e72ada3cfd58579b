"""Installs what gitops-upgrader depends on into a virtual environment, for the action beside this file.

    python install.py locate     tells the action where the environment belongs, and by which key it is cached
    python install.py install    makes it, unless it is there

Only the standard library is used, and no syntax newer than Python 3.7, so that a Python which is too old can say so.
The program itself is not installed: it is run from the action's own checkout, so that what runs is what the workflow
has pinned.
"""  # noqa: INP001  (a script of its own, not a part of a package)

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

OLDEST = (3, 11)
REQUIREMENTS = Path(__file__).resolve().parent.parent.parent / "requirements.txt"


def main(arguments: list[str]) -> None:
    """Do what the one argument says."""
    _check_python()
    folder = _folder()
    if arguments == ["locate"]:
        _output("folder", str(folder))
        _output("key", f"gitops-upgrader-{folder.name}")
        _output("present", "true" if folder.exists() else "false")
    elif arguments == ["install"]:
        if not folder.exists():
            _install(folder)
    else:
        _fail("Say locate or install.")


def _check_python() -> None:
    if os.name != "posix":
        _fail("gitops-upgrader runs on Linux and macOS. Choose another runner with runs-on.")
    if sys.version_info < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        _fail(
            f"gitops-upgrader needs Python {oldest} or newer, and {sys.executable} is {platform.python_version()}. "
            "Run actions/setup-python first, or name a newer one with the input python."
        )


def _folder() -> Path:
    """Where the environment belongs: self-hosted runners keep this folder between jobs.

    Its name changes with everything that the environment depends on.
    """
    base = os.environ.get("RUNNER_TOOL_CACHE") or os.environ.get("RUNNER_TEMP") or tempfile.gettempdir()
    digest = hashlib.sha256(REQUIREMENTS.read_bytes())
    for part in (sys.version, os.path.realpath(sys.executable), platform.system(), platform.machine()):
        digest.update(b"\0" + part.encode())
    return Path(base) / "gitops-upgrader" / digest.hexdigest()[:20]


def _install(folder: Path) -> None:
    """Make the environment beside its place, then move it there: it appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="new-", dir=str(folder.parent)))
    python = str(scratch / "bin" / "python")
    try:
        _run([sys.executable, "-m", "venv", str(scratch)], "Install python3-venv, or run actions/setup-python first.")
        pip = [python, "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
        _run(
            [*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(REQUIREMENTS)],
            "Check that the runner reaches its package index; PIP_INDEX_URL names another one.",
        )
        try:
            scratch.rename(folder)
        except OSError:
            if not folder.exists():  # else another job was quicker, with the same result
                raise
    finally:
        shutil.rmtree(str(scratch), ignore_errors=True)


def _run(order: list[str], remedy: str) -> None:
    done = subprocess.run(order, check=False)
    if done.returncode != 0:
        _fail(f"{' '.join(order[:3])} failed, see above. {remedy}")


def _output(name: str, value: str) -> None:
    """Set an output of the step. The values are paths and keys of our own: they have no line breaks."""
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"{name}={value}\n")


def _fail(text: str) -> NoReturn:
    escaped = text.replace("%", "%25").replace("\n", "%0A")
    sys.stdout.write(f"::error title=gitops-upgrader::{escaped}\n")
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
