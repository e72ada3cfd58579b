"""Taking credentials out of text that may be shown."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote

HIDDEN = "***"

_USERINFO = re.compile(r"(?<=://)[^\s/@'\"]+@")
_AUTHORIZATION = re.compile(r"(?i)(\b(?:proxy-)?authorization:\s*)(?:\S+\s+)?\S+")
_SHORTEST = 4
"""Shorter secrets are not looked for: they would blank ordinary words, and they are no secrets."""


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without these secrets, plain, URL-quoted or in base64, and without anything that looks like one.

    Credentials in URLs and in `Authorization` headers go even when nobody named them.
    """
    for secret in sorted({form for one in secrets for form in _forms(one)}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    text = _USERINFO.sub(f"{HIDDEN}@", text)
    return _AUTHORIZATION.sub(rf"\g<1>{HIDDEN}", text)


def _forms(secret: str) -> Iterable[str]:
    if len(secret) < _SHORTEST:
        return
    yield secret
    yield quote(secret, safe="")
    yield base64.b64encode(secret.encode()).decode().rstrip("=")
    yield from (line for line in secret.splitlines() if len(line) > 2 * _SHORTEST and not line.startswith("-----"))
