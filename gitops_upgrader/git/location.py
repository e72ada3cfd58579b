"""Where a repository is: the address as people write it, as Git takes it, as caches key it, as logs may show it."""

from __future__ import annotations

import enum
import os
import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, unquote

from gitops_upgrader.errors import InvalidLocation


class Scheme(enum.Enum):
    """How a repository is reached."""

    HTTPS = "https"
    HTTP = "http"
    SSH = "ssh"
    FILE = "file"


_SCHEMES = {
    "https": Scheme.HTTPS,
    "http": Scheme.HTTP,
    "ssh": Scheme.SSH,
    "git+ssh": Scheme.SSH,
    "ssh+git": Scheme.SSH,
    "file": Scheme.FILE,
}
_DEFAULT_PORTS = {Scheme.HTTPS: 443, Scheme.HTTP: 80, Scheme.SSH: 22}

_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_AUTHORITY = re.compile(
    r"(?:(?P<user>[^/@:]*)(?::(?P<password>[^/@]*))?@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^/@:\[\]]*)(?::(?P<port>[0-9]*))?"
)
_SCP = re.compile(r"(?:(?P<user>[^/@:]+)@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^/@:\[\]]+):(?P<path>[^:].*|)", re.DOTALL)
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
_USER = re.compile(r"[^\s@:/\x00-\x1f\x7f-][^\s@:/\x00-\x1f\x7f]*")
_REMOTE_HELPER = re.compile(r"[A-Za-z0-9]+::")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")

_FORMS = "Write https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH, file:///PATH, or the path of a folder."


@dataclass(frozen=True, slots=True)
class Location:
    """The address of a repository, taken apart.

    `path` begins with `/`, except in the scp-like form `git@host:path`, where it may be relative to the account's home
    (`scp` is True). For a local repository it is absolute. `user` and `password` are those written in the address;
    neither leaves this object but through `GitAuth`, save the account of an SSH address, which is no secret.
    """

    scheme: Scheme
    host: str
    port: int | None
    path: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    scp: bool = False

    @classmethod
    def parse(cls, text: str, cwd: Path | None = None) -> Location:
        """Take an address apart, by the rules of git-fetch(1), "Git URLs".

        Args:
            text: a URL, `user@host:path`, or the path of a folder.
            cwd: what a relative path starts from; the process's own folder where None.

        Raises:
            InvalidLocation: for anything else, `git://` (nobody can push there) and remote helpers (`ext::`) included.
        """
        if not text or text != text.strip():
            _refuse(text, "is empty" if not text.strip() else "begins or ends with a space", _FORMS)
        if url := _URL.fullmatch(text):
            return _parse_url(text, url["scheme"].lower(), url["rest"])
        if _REMOTE_HELPER.match(text):
            _refuse(text, "names a remote helper", _FORMS)
        # git's rule (connect.c, url_is_local_not_ssh): a colon before any slash is a host, unless it is an option
        if (colon := text.find(":")) >= 0 and "/" not in text[:colon]:
            return _parse_scp(text)
        return cls.local(Path(cwd or Path.cwd()) / text)

    @classmethod
    def local(cls, path: Path) -> Location:
        """Return the location of a folder on this machine."""
        if "\0" in str(path):
            _refuse(str(path), "has a NUL in it", _FORMS)
        return cls(Scheme.FILE, "", None, os.path.abspath(path))  # noqa: PTH100 (`..` goes by text, as in a shell)

    @property
    def is_local(self) -> bool:
        """Whether the repository is a folder on this machine."""
        return self.scheme is Scheme.FILE

    @property
    def is_http(self) -> bool:
        """Whether the repository is reached through HTTP, with TLS or without."""
        return self.scheme in {Scheme.HTTP, Scheme.HTTPS}

    @property
    def folder(self) -> Path:
        """The folder of a local repository."""
        if not self.is_local:
            raise ValueError(f"{self.display} is no folder")
        return Path(self.path)

    @property
    def effective_port(self) -> int | None:
        """The port that is used, whether or not it is written; None for a local repository."""
        return self.port or _DEFAULT_PORTS.get(self.scheme)

    @property
    def origin(self) -> tuple[str, str, int | None]:
        """Scheme, host and port: what credentials are bound to (RFC 6454)."""
        return self.scheme.value, self.host.lower(), self.effective_port

    @property
    def url(self) -> str:
        """The address as the `git` program takes it, without credentials. It never begins with `-`."""
        if self.is_local:
            return "file://" + quote(os.fsencode(self.path))
        account = f"{self.user}@" if self.scheme is Scheme.SSH and self.user else ""
        if self.scp and not self.path.startswith("/"):
            return f"{account}{self.host}:{self.path}"
        port = f":{self.port}" if self.port else ""
        return f"{self.scheme.value}://{account}{self.host}{port}{self.path}"

    @property
    def display(self) -> str:
        """The address for people: never with credentials."""
        return self.path if self.is_local else self.url

    @property
    def normalised(self) -> str:
        """A key under which equal repositories are equal: for caches, limits and locks.

        Credentials, the scheme's own port, `.git` and slashes at the end are dropped, the host is lower-cased. A local
        path is followed through symbolic links. `git@host:path` equals `ssh://git@host/path`, as on every forge the
        account `git` has no home of its own; for other accounts the two differ.
        """
        if self.is_local:
            real = Path(os.path.realpath(self.path))
            return "file://" + quote(os.fsencode(real.parent if real.name == ".git" else real))
        path = self.path.rstrip("/").removesuffix(".git").rstrip("/")
        if not path.startswith("/"):
            path = f"/{path}" if self.user == "git" else f"/~/{path}"
        account = f"{self.user}@" if self.scheme is Scheme.SSH and self.user not in {None, "git"} else ""
        port = f":{self.port}" if self.port and self.port != _DEFAULT_PORTS[self.scheme] else ""
        return f"{self.scheme.value}://{account}{self.host.lower()}{port}{path}"

    def __str__(self) -> str:
        return self.display

    def redirected(self, text: str) -> Location:
        """Return where a `Location:` header of this repository's server leads (RFC 9110, 10.2.2).

        The rest of a smart HTTP request (`/info/refs?service=...`) is taken off again.

        Raises:
            InvalidLocation: the header leads to no HTTP address.
        """
        if text.startswith("/") and not text.startswith("//"):
            text = f"{self.scheme.value}://{self.host}{f':{self.port}' if self.port else ''}{text}"
        bare = re.sub(r"/(?:info/refs|git-upload-pack|git-receive-pack)(?:\?.*)?$", "", text)
        target = Location.parse(bare)
        if not target.is_http:
            _refuse(text, "is where the server leads, and no HTTP address", "")
        return replace(target, user=None, password=None)


def _parse_url(text: str, name: str, rest: str) -> Location:
    scheme = _SCHEMES.get(name)
    if scheme is None:
        why = "cannot be pushed to" if name == "git" else f"begins with {name}://, which is not spoken here"
        _refuse(text, why, _FORMS)
    slash = rest.find("/")
    authority, path = (rest, "") if slash < 0 else (rest[:slash], rest[slash:])
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        _refuse(text, "has no readable host", _FORMS)
    if scheme is Scheme.FILE:
        return _parse_file(text, authority, path)
    _check_path(text, path)
    return Location(
        scheme,
        _checked_host(text, parts["host"]),
        _checked_port(text, parts["port"]),
        path,
        user=_checked_user(text, parts["user"], scheme),
        password=unquote(parts["password"]) if parts["password"] else None,
    )


def _parse_file(text: str, authority: str, path: str) -> Location:
    if authority.lower() not in {"", "localhost"}:
        _refuse(text, "names another machine", "Write file:///PATH with three slashes.")
    if not path:
        _refuse(text, "has no path", _FORMS)
    return Location.local(Path(os.fsdecode(unquote(path, errors="surrogateescape").encode("utf-8", "surrogateescape"))))


def _parse_scp(text: str) -> Location:
    parts = _SCP.fullmatch(text)
    if parts is None:
        _refuse(text, "is neither a URL nor user@host:path", _FORMS)
    _check_path(text, "/" + parts["path"].lstrip("/"))
    if parts["path"].startswith("-"):
        _refuse(text, "has a path that begins with a dash", "Write ssh://USER@HOST/PATH.")
    return Location(
        Scheme.SSH,
        _checked_host(text, parts["host"]),
        None,
        parts["path"],
        user=_checked_user(text, parts["user"], Scheme.SSH),
        scp=True,
    )


def _check_path(text: str, path: str) -> None:
    if not path.strip("/"):
        _refuse(text, "has no path", _FORMS)
    if _CONTROL.search(path) or " " in path:
        _refuse(text, "has a space or a control character in its path", "Write a space as %20.")
    if "?" in path or "#" in path:
        _refuse(text, "has a query or a fragment", "Copy the address that the forge shows for cloning.")


def _checked_host(text: str, host: str) -> str:
    if not _HOST.fullmatch(host):
        _refuse(text, "has no readable host", _FORMS)
    return host


def _checked_port(text: str, port: str | None) -> int | None:
    if not port:
        return None
    if len(port) > 5 or not 0 < int(port) < 65536:
        _refuse(text, "has a port that is none", "Ports go from 1 to 65535.")
    return int(port)


def _checked_user(text: str, user: str | None, scheme: Scheme) -> str | None:
    if not user:
        return None
    name = unquote(user)
    allowed = _USER.fullmatch(name) if scheme is Scheme.SSH else not _CONTROL.search(name)
    if not allowed:
        _refuse(text, "has an account that is none", _FORMS)
    return name


def _refuse(text: str, why: str, remedy: str) -> NoReturn:
    shown = re.sub(r"//[^/]*@", "//", text)  # whatever is before the @ may be a password
    if len(shown) > 200:
        shown = shown[:200] + "..."
    raise InvalidLocation(f"The repository address {shown!r} {why}.", remedy=remedy)
