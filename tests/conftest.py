"""Every test runs as on an empty machine: no configuration, no home, no proxy, no credential of the person at it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest

from tests import need  # first, as it keeps the environment that servers are built with

_BLANKED = ("GIT_", "GITHUB_", "GITLAB_", "GITEA_", "FORGEJO_", "GH_", "SSH_", "GPG_", "GNUPGHOME", "XDG_", "KUBE")
_BLANKED_EXACTLY = frozenset(
    {
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "FTP_PROXY"),
        *("CI_JOB_TOKEN", "RUNNER_TOKEN", "NETRC", "EMAIL"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
        *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES", "PAGER", "EDITOR", "VISUAL"),
        *("LANG", "LANGUAGE", "LC_ALL", "TZ", "DISPLAY"),
    }
)
_homes: list[Path] = []


def pytest_configure(config: pytest.Config) -> None:
    """Blank the environment before anything of ours is imported: libgit2 looks for its configuration when loaded."""
    for name in need.MACHINE:
        if name.upper().startswith(_BLANKED) or name.upper() in _BLANKED_EXACTLY:
            os.environ.pop(name, None)
    home = Path(tempfile.mkdtemp(prefix="home-"))
    _homes.append(home)
    os.environ.update(
        HOME=str(home),
        LC_ALL="C.UTF-8",
        TZ="UTC",
        GIT_CONFIG_GLOBAL=os.devnull,
        GIT_CONFIG_SYSTEM=os.devnull,
        GIT_CONFIG_NOSYSTEM="1",
        GIT_TERMINAL_PROMPT="0",
    )


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the temporary home."""
    while _homes:
        shutil.rmtree(_homes.pop(), ignore_errors=True)
