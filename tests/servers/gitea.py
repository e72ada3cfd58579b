"""A real Gitea on loopback, with SQLite in a folder of its own, two people, and repositories as tests want them."""

from __future__ import annotations

import base64
import os
import re
import secrets
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.servers.build import GoProgram
from tests.servers.ports import free_ports

PROGRAM = GoProgram("gitea", "code.gitea.io/gitea", tags=("sqlite", "sqlite_unlock_notify"), cgo=True)
_MODULE = "code.gitea.io/gitea"
_DEADLINE = 90.0
"""Seconds for the server to answer; it takes three on an idle machine."""

_CONFIGURATION = """
APP_NAME = Gitea
RUN_MODE = prod
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true
WORK_PATH = {folder}
[server]
PROTOCOL = http
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
STATIC_ROOT_PATH = {source}
APP_DATA_PATH = {folder}/data
DISABLE_SSH = true
OFFLINE_MODE = true
LFS_START_SERVER = false
[database]
DB_TYPE = sqlite3
PATH = {folder}/gitea.db
SQLITE_TIMEOUT = 30000
[repository]
ROOT = {folder}/repositories
DEFAULT_BRANCH = main
[security]
INSTALL_LOCK = true
[service]
DISABLE_REGISTRATION = true
REGISTER_EMAIL_CONFIRM = false
ENABLE_NOTIFY_MAIL = false
[log]
MODE = file
LEVEL = Warn
ROOT_PATH = {folder}/log
logger.access.MODE = access
[log.access]
MODE = file
LEVEL = Info
FILE_NAME = {folder}/log/access.log
[queue]
TYPE = channel
[cron]
ENABLED = false
[api]
MAX_RESPONSE_ITEMS = {page}
DEFAULT_PAGING_NUM = {page}
[actions]
ENABLED = false
[indexer]
ISSUE_INDEXER_TYPE = db
REPO_INDEXER_ENABLED = false
[session]
PROVIDER = memory
[git]
HOME_PATH = {folder}/home
"""


@dataclass(frozen=True, slots=True)
class GiteaUser:
    """Somebody on the server, with a token that may do everything that they may."""

    login: str
    password: str
    token: str


@dataclass(frozen=True, slots=True)
class GiteaRepository:
    """A repository on the server, as a client that is given nothing but a URL would see it."""

    server: GiteaServer
    owner: str
    name: str

    @property
    def path(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"

    @property
    def url(self) -> str:
        """The URL to clone from."""
        return f"{self.server.url}/{self.path}.git"

    def api(self, method: str, path: str, body: Any = None, *, user: GiteaUser | None = None) -> Any:
        """Ask the repository's part of the API as somebody, the upgrader where it is not said who."""
        return self.server.api(method, f"/repos/{self.path}{path}", body, user=user)

    def write(self, branch: str, files: Mapping[str, str], *, user: GiteaUser | None = None) -> str:
        """Commit files on a branch, made from the default branch where it is missing; return the commit."""
        branches = {one["name"] for one in self.api("GET", "/branches")}
        order: dict[str, Any] = {"message": f"Write {', '.join(files)}"}
        order |= {"branch": branch} if branch in branches else {"new_branch": branch}
        order["files"] = [
            {"operation": "create", "path": path, "content": base64.b64encode(text.encode()).decode()}
            for path, text in files.items()
        ]
        answer = self.api("POST", "/contents", order, user=user)
        return str(answer["commit"]["sha"])


@dataclass(frozen=True, slots=True)
class GiteaServer:
    """A running server. `upgrader` owns the repositories, `person` may write to them."""

    url: str
    upgrader: GiteaUser
    person: GiteaUser

    def api(self, method: str, path: str, body: Any = None, *, user: GiteaUser | None = None) -> Any:
        """Ask the API as somebody."""
        response = requests.request(
            method,
            f"{self.url}/api/v1{path}",
            json=body,
            headers={"Authorization": f"token {(user or self.upgrader).token}"},
            timeout=30,
        )
        if not response.ok:
            raise AssertionError(f"{method} {path}: {response.status_code} {response.text}")
        return response.json() if response.content else None

    def repository(self, name: str | None = None) -> GiteaRepository:
        """Make a repository of one commit."""
        name = name or f"fleet-{secrets.token_hex(4)}"
        self.api("POST", "/user/repos", {"name": name, "auto_init": True, "default_branch": "main"})
        made = GiteaRepository(self, self.upgrader.login, name)
        made.api("PUT", f"/collaborators/{self.person.login}", {"permission": "write"})
        return made


@contextmanager
def running(folder: Path, *, page: int = 4) -> Iterator[GiteaServer]:
    """Run a server in a folder until the end of the block.

    Args:
        folder: the server's own; `log/access.log` in it has every request.
        page: how much of a list it gives at most in one answer. Gitea's own default is 50; few have tests turn pages.
    """
    program = PROGRAM.build()
    source = PROGRAM.source(_MODULE)
    (port,) = free_ports(1)
    configuration = folder / "app.ini"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, port=port, source=source, page=page), encoding="utf-8"
    )
    (folder / "home").mkdir()
    environment = _environment(folder)
    command = [str(program), "--config", str(configuration)]

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [*command, *arguments], env=environment, cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise AssertionError(f"gitea {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def user(login: str) -> GiteaUser:
        password = secrets.token_urlsafe(12)
        email = f"{login}@example.com"
        run(
            "admin",
            "user",
            "create",
            "--username",
            login,
            "--password",
            password,
            "--email",
            email,
            "--must-change-password=false",
        )
        told = run("admin", "user", "generate-access-token", "--username", login, "--scopes", "all", "--raw")
        (token,) = re.findall(r"^[0-9a-f]{40}$", told, re.MULTILINE)  # among lines of the log, in any order
        return GiteaUser(login, password, token)

    run("migrate")
    upgrader, person = user("upgrader"), user("ada")
    server = GiteaServer(f"http://127.0.0.1:{port}", upgrader, person)
    with (folder / "output.log").open("wb") as output:
        process = subprocess.Popen([*command, "web"], env=environment, cwd=folder, stdout=output, stderr=output)
        try:
            _wait(server, process, folder / "output.log")
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(folder: Path) -> dict[str, str]:
    """What Gitea needs to know of the machine, and nothing of ours.

    It writes with `git config --global`, which renames a new file over the one that GIT_CONFIG_GLOBAL names. The tests
    have that at /dev/null: Gitea, run as root with our environment, would put a plain file in the place of the device.
    """
    home = folder / "home"
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "USER": "git",
        "TMPDIR": str(folder),
        "GIT_CONFIG_GLOBAL": str(home / ".gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GITEA_WORK_DIR": str(folder),
    }


def _wait(server: GiteaServer, process: subprocess.Popen[bytes], output: Path) -> None:
    """Ask until the server answers, it ends, or the deadline passes."""
    end = time.monotonic() + _DEADLINE
    pause = threading.Event()
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        with suppress(requests.ConnectionError, requests.Timeout):
            if requests.get(f"{server.url}/api/healthz", timeout=5).ok:
                return
        pause.wait(0.05)
    raise AssertionError(f"gitea did not start: {output.read_text(errors='replace')[-4000:]}")
