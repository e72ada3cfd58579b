"""Takes secrets out of text that people will read, whichever way the text spells them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from urllib.parse import quote

_MASK = "***"
_SHORTEST = 4
"""Shorter spellings are left alone: taking `a` out of a text destroys the text and hides nothing."""


def redact(text: str, secrets: Iterable[str]) -> str:
    """Return `text` with every secret replaced, plain, URL-quoted, or in base64 (alone or inside `user:password`)."""
    spellings = {spelling for secret in secrets for spelling in _spellings(secret) if len(spelling) >= _SHORTEST}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, _MASK)
    return text


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="")
    for before, shared in ((0, 0), (1, 2), (2, 3)):
        # `before` bytes of something else share the first `shared` characters; a last group that is not full is
        # shared with what follows, so neither is looked for
        padded = b"\0" * before + secret.encode()
        whole = padded[: len(padded) - len(padded) % 3]
        yield base64.b64encode(whole).decode()[shared:]
        yield base64.urlsafe_b64encode(whole).decode()[shared:]
