"""Every test runs as on an empty machine: no configuration, no home, no proxy, no credential of the person at it."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

from tests import need  # first, as it keeps the environment that servers are built with

if TYPE_CHECKING:
    from tests.servers.kubernetes import KubernetesServer

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

settings.register_profile("gitops-upgrader", deadline=None, derandomize=True, database=None)
settings.load_profile("gitops-upgrader")


def pytest_configure(config: pytest.Config) -> None:
    """Blank the environment before anything of ours is imported: libgit2 looks for its configuration when loaded."""
    if (machine := getattr(config, "workerinput", {}).get("machine")) is not None:
        need.told(machine)
    for name in need.MACHINE:
        if name.upper().startswith(_BLANKED) or name.upper() in _BLANKED_EXACTLY:
            os.environ.pop(name, None)
    folder = Path(tempfile.mkdtemp(prefix="home-"))
    _homes.append(folder)
    home, configuration = folder / "home", folder / "gitconfig"
    home.mkdir()
    # A file, not the null device: `git config --global` renames a new file over whatever this names.
    configuration.touch()
    os.environ.update(
        HOME=str(home),
        LC_ALL="C.UTF-8",
        TZ="UTC",
        GIT_CONFIG_GLOBAL=str(configuration),
        GIT_CONFIG_SYSTEM=str(configuration),
        GIT_CONFIG_NOSYSTEM="1",
        GIT_TERMINAL_PROMPT="0",
    )
    # A shell has what it runs in the background ignore Ctrl-C, and every process hands that on to those it starts.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist of the machine: it begins in the environment that is blank already."""
    node.workerinput["machine"] = dict(need.MACHINE)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the temporary home."""
    while _homes:
        shutil.rmtree(_homes.pop(), ignore_errors=True)


@pytest.fixture(scope="session")
def kubernetes(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[KubernetesServer]:
    """The real Kubernetes API of this test run, for tests marked `servers`. Its logs are in the temporary folder."""
    from tests.servers import kubernetes as server  # here, as most tests need nothing of it

    base = tmp_path_factory.getbasetemp()
    with server.shared_by_all(base if worker_id == "master" else base.parent) as found:
        yield found
