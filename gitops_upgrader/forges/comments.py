"""Finds our own comments again: each carries its key in a hidden HTML comment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:+-]*")


def marker(key: str) -> str:
    """Return the hidden comment that marks a comment with this key.

    Raises:
        ValueError: the key could not stand inside an HTML comment; keys are ours, so this is a mistake of ours.
    """
    if not _KEY.fullmatch(key) or "--" in key:
        raise ValueError(f"{key!r} is no key for a comment")
    return f"<!-- gitops-upgrader:comment {key} -->"


def write(key: str, text: str) -> str:
    """Return a comment's text with its marker at the end, where an e-mail about it does not begin with it."""
    return f"{text.rstrip()}\n\n{marker(key)}\n"


def once(key: str, text: str, there: Callable[[], Iterable[str | None]], add: Callable[[str], object]) -> None:
    """Comment unless a comment with this key is there already.

    Args:
        key: what "once" counts by.
        text: what to say.
        there: reads the comments.
        add: writes one.
    """
    if not any(carries(body, key) for body in there()):
        add(write(key, text))


def carries(body: str | None, key: str) -> bool:
    """Tell whether a comment is the one with this key."""
    return marker(key) in (body or "")
