"""Finding secrets in outputs: as they are, percent-encoded, and inside base64 wherever they begin in it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from urllib.parse import quote


def forms(secret: str) -> set[str]:
    """A secret as it may stand in an output.

    In base64 three bytes are four characters. A text inside of a longer one may begin at each of three places; of its
    characters those at both ends depend on what is around it, and are left out.
    """
    found = {secret, quote(secret, safe="")}
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + secret.encode() + b"\0" * (-(shift + len(secret)) % 3)).decode()
        first, last = (-(-shift * 8 // 6), (shift + len(secret)) * 8 // 6)
        for text in (whole[first:last], whole[first:last].translate(str.maketrans("+/", "-_"))):
            assert len(text) >= 12, "too short a secret to be told from chance"
            found.add(text)
    return found


def leaked(text: str, *secrets: str) -> list[str]:
    """The secrets that a text gives away, in whatever form; line breaks do not hide them."""
    flat = "".join(text.split())
    return [
        secret for secret in secrets if any(form in text or "".join(form.split()) in flat for form in forms(secret))
    ]


def leaks(outputs: Iterable[tuple[str, str]], *secrets: str) -> list[str]:
    """Where secrets got out: `name of the output: secret`."""
    return [f"{name}: {secret}" for name, text in outputs for secret in leaked(text, *secrets)]
