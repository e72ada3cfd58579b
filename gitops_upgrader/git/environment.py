"""The environment in which `git` runs: nothing of the machine's but the search path, and the credentials of one origin.

Credentials are never in an argument or a URL, which every user of the machine can read. They are in environment
variables (GIT_CONFIG_COUNT, git-config(1)), bound to the repository's address, and in files of a private folder.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from gitops_upgrader.git.auth import GitAuth
from gitops_upgrader.git.location import Location, Scheme
from gitops_upgrader.git.ssh import ssh_command

_KEPT = (
    *("PATH", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR"),
    *("http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"),
)
_PERSONAL = (
    *("HOME", "XDG_CONFIG_HOME", "USER", "LOGNAME", "SSH_AUTH_SOCK", "SSH_AGENT_PID"),
    *("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_SSH", "GIT_SSH_COMMAND"),
)


class Environment:
    """What `git` gets to see for one repository. Its private folder holds credentials until `close`."""

    def __init__(self, location: Location, auth: GitAuth, *, timeout: float, personal: bool) -> None:
        self._auth = auth
        self._timeout = timeout
        self._personal = personal
        self._folder = Path(tempfile.mkdtemp(prefix="gitops-upgrader-"))  # mode 0700
        try:
            self._files = dict(self._write_files())
            self._ssh = self._ssh_command(location)
        except BaseException:
            self.close()
            raise

    def variables(self, location: Location) -> dict[str, str]:
        """Return all environment variables for a run of `git` against this location, of the same origin."""
        kept = (*_KEPT, *_PERSONAL) if self._personal else _KEPT
        variables = {name: os.environ[name] for name in kept if name in os.environ}
        variables |= {
            "LC_ALL": "C",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "SSH_ASKPASS": "",
            "GIT_ALLOW_PROTOCOL": _protocols(location, personal=self._personal),
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_NO_REPLACE_OBJECTS": "1",
        }
        if not self._personal:
            variables |= {
                "HOME": str(self._folder),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_SYSTEM": os.devnull,
                "GIT_CONFIG_GLOBAL": os.devnull,
            }
        if self._ssh:
            variables |= {"GIT_SSH_COMMAND": self._ssh, "GIT_SSH_VARIANT": "ssh"}
        settings = list(self._settings(location))
        variables["GIT_CONFIG_COUNT"] = str(len(settings))
        for number, (key, value) in enumerate(settings):
            variables[f"GIT_CONFIG_KEY_{number}"] = key
            variables[f"GIT_CONFIG_VALUE_{number}"] = value
        return variables

    def close(self) -> None:
        """Remove the credentials."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _settings(self, location: Location) -> Iterator[tuple[str, str]]:
        """Yield git-config(1) settings. They stand above every file."""
        yield "core.hooksPath", os.devnull
        yield "core.fsync", "none"  # the scratch is thrown away
        yield "protocol.version", "2"
        yield "gc.auto", "0"
        yield "maintenance.auto", "false"
        yield "fetch.recurseSubmodules", "false"
        yield "fetch.writeCommitGraph", "false"
        yield "push.recurseSubmodules", "no"
        yield "push.gpgSign", "false"
        yield "push.followTags", "false"
        if location.is_http:
            yield from self._http_settings(location)

    def _http_settings(self, location: Location) -> Iterator[tuple[str, str]]:
        yield "http.followRedirects", "false"  # curl would carry headers along
        yield "http.sslVerify", "true"
        yield "http.lowSpeedLimit", "1"
        yield "http.lowSpeedTime", str(max(1, int(self._timeout / 2)))
        names = {"ca": "http.sslCAInfo", "certificate": "http.sslCert", "key": "http.sslKey"}
        for file, setting in names.items():
            if file in self._files:
                yield setting, str(self._files[file])
        if self._auth.proxy_url:
            yield "http.proxy", self._auth.proxy_url
            yield "http.proxyAuthMethod", "basic"  # given at once, and the one kind that Flux's Secret has too
        if self._auth.authorization or not self._personal:
            yield "credential.helper", ""  # forgets the ones before
        if self._auth.authorization:
            header = f"http.{location.url}.extraHeader"
            yield header, ""
            yield header, f"Authorization: {self._auth.authorization}"

    def _write_files(self) -> Iterator[tuple[str, Path]]:
        contents = {
            "ca": self._auth.ca,
            "certificate": self._auth.client_certificate,
            "key": self._auth.client_key,
            "known_hosts": self._auth.known_hosts,
        }
        for name, content in contents.items():
            if content:
                yield name, self._write(name, content)

    def _write(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content if content.endswith(b"\n") else content + b"\n")  # OpenSSH wants a last line end
        return path

    def _ssh_command(self, location: Location) -> str | None:
        if location.scheme is not Scheme.SSH:
            return None
        if self._personal and self._auth.identity is None:
            return None if _has_own_command() else shlex.join(["ssh", "-o", "BatchMode=yes"])
        return shlex.join(ssh_command(location, self._auth, self._files.get("known_hosts"), self._write, self._timeout))


def _protocols(location: Location, *, personal: bool) -> str:
    """Return what `git` may speak: a person's own `url.*.insteadOf` may change the scheme, but never to a helper."""
    return "https:http:ssh" if personal and not location.is_local else location.scheme.value


def _has_own_command() -> bool:
    return any(name in os.environ for name in ("GIT_SSH", "GIT_SSH_COMMAND"))
