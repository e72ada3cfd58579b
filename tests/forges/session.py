"""A session with a forge of no kind in particular."""

from __future__ import annotations

from collections.abc import Callable

from gitops_upgrader.forges.credentials import Credential, Token
from gitops_upgrader.forges.http import Session
from gitops_upgrader.forges.settings import HttpSettings
from tests.forges.loopback import Loopback, Reply, Request
from tests.forges.worlds import Time

TOKEN = "a-token-of-some-length"


def session(url: str, settings: HttpSettings | None = None, credential: Credential | None = None) -> Session:
    return Session(
        url,
        forge="Forge",
        place="forge.example/acme/fleet",
        credential=credential or Token(TOKEN),
        settings=settings or Time().settings(),
    )


Replies = tuple[Loopback, dict[str, Callable[[Request], Reply]]]
