"""Which repository and branch the manifests are of, and whether an address in them is that of the same one."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

_TEMPLATE: Final = re.compile(r"\{\{|\$\{")
_PORT: Final = re.compile(r":[0-9]*\Z")
_BEHIND: Final = re.compile(r"[?#]")
_IN_FRONT: Final = re.compile(r"\A(?:alt)?ssh\.(?=.+\.)")
"""What forges put before their name for SSH over port 443: `ssh.github.com`, `altssh.gitlab.com`."""
_NO_PART: Final = frozenset({"", "~", "_git", "defaultcollection"})
"""What is in one form of a repository's path only: the two last are Azure DevOps', over HTTPS."""


class Relation(enum.Enum):
    """Whether something is this repository's."""

    SAME = "same"
    """It is; or nobody knows what this repository is, or what the other one is."""
    PERHAPS = "perhaps"
    """It may be: another branch, tag or commit of it; a fork of it; or the same repository under another owner."""
    OTHER = "other"
    """It is another repository."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the manifests come from.

    Attributes:
        url: where it is, in any form that Git takes. A folder, or nothing, does not tell which repository it is.
        branch: the base branch; empty where nobody knows.
    """

    url: str = ""
    branch: str = ""

    @property
    def is_known(self) -> bool:
        """Whether it tells which repository it is."""
        address = _Address.read(self.url)
        return bool(address.host and address.parts)

    def repository(self, url: str) -> Relation:
        """Whether an address is that of this repository.

        One repository has several: over SSH and HTTPS, by a host's other name, of a mirror. So the paths are compared,
        where one of them may have more in front (`/scm` of Bitbucket, `v3` of Azure DevOps); that is another
        repository only where host and protocol are the same.

        >>> Origin("git@github.com:me/fleet.git").repository("https://github.com/me/fleet").value
        'same'
        >>> Origin("git@github.com:me/fleet.git").repository("https://github.com/me/apps").value
        'other'
        """
        own, other = _Address.read(self.url), _Address.read(url)
        if not self.is_known or not other.parts or own.parts == other.parts or _TEMPLATE.search(url):
            return Relation.SAME
        short, long = sorted((own.parts, other.parts), key=len)
        if (own.host, own.web) != (other.host, other.web) and long[-len(short) :] == short:
            return Relation.SAME
        return Relation.PERHAPS if own.parts[-1] == other.parts[-1] else Relation.OTHER

    def revision(self, revision: str) -> Relation:
        """Whether a branch, tag or commit of this repository is its base branch, `HEAD` or nothing.

        Of another branch nobody can tell: changes may well go from this one to that one, which alone is deployed.
        """
        names = {"", "HEAD", self.branch, f"refs/heads/{self.branch}"}
        ours = not self.branch or not self.is_known or revision in names or _TEMPLATE.search(revision)
        return Relation.SAME if ours else Relation.PERHAPS


def shown(url: str) -> str:
    """An address for people: its host and path, and no credentials."""
    address = _Address.read(url)
    return "/".join((address.host, *address.parts))


@dataclass(frozen=True, slots=True)
class _Address:
    """An address: its host, whether it is reached over HTTP, and the parts of its path, all in lower case."""

    host: str
    web: bool
    parts: tuple[str, ...]

    @classmethod
    @lru_cache(maxsize=256)
    def read(cls, text: str) -> _Address:
        """Take an address apart: a URL, `user@host:path`, or a path alone. No text is refused."""
        scheme, _, rest = text.strip().rpartition("://")
        first, _, behind = rest.partition("/")
        if scheme:
            host, path = first, behind
        else:
            host, _, path = rest.partition(":") if ":" in first else ("", "", rest)
        host = _PORT.sub("", host.rpartition("@")[2]).lower()
        path = _BEHIND.split(path)[0].rstrip("/").removesuffix(".git")
        parts = tuple(part for part in unquote(path).lower().split("/") if part not in _NO_PART)
        return cls(_IN_FRONT.sub("", host), scheme.lower() in {"http", "https"}, parts)
