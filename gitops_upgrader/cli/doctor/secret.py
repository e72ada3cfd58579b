"""Whether a Secret has the keys that its repository takes: names of keys are looked at, values are not."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Final

from gitops_upgrader.cli.doctor.finding import Finding, Grade
from gitops_upgrader.reconcilers.repository import Access

_WAYS: Final = (
    ("username", "password"),
    ("bearerToken",),
    ("githubAppID", "githubAppPrivateKey"),
    ("tls.crt", "tls.key"),
)
"""The keys with which Git is let in over HTTP, of which each way needs all: those of Flux's GitRepository."""
_KNOWN: Final = ("username", "password", "bearerToken", "githubAppID", "githubAppPrivateKey")
_REMEDY: Final = (
    "Store username and password (of a token: any name, and the token), bearerToken, or a GitHub App's keys."
)


def judge_secret(found: Access) -> Finding | None:
    """Judge the Secret with which Git is let in; None where there is none, or its transport judges it itself."""
    if found.git_secret is None or not found.location.is_http:
        return None
    name, data = found.git_secret
    return judge_keys(f"Secret {name}", _filled(data))


def judge_keys(subject: str, keys: Collection[str]) -> Finding:
    """Judge the keys of a Secret for Git over HTTP."""
    if any(set(way) <= set(keys) for way in _WAYS):
        return Finding("secret", subject, Grade.OK, "It has the keys that Git over HTTP takes.")
    begun = next((way for way in _WAYS if set(way) & set(keys)), None)
    if begun is not None:
        missing = ", ".join(key for key in begun if key not in keys)
        return Finding("secret", subject, Grade.MEND, f"Its key {missing} is missing or empty.{_near(keys)}", _REMEDY)
    held = f"Its keys are {', '.join(sorted(keys))}" if keys else "It has no keys"
    return Finding(
        "secret", subject, Grade.MEND, f"{held}: nothing that lets Git push over HTTP.{_near(keys)}", _REMEDY
    )


def _filled(data: Mapping[str, bytes]) -> frozenset[str]:
    return frozenset(key for key, value in data.items() if value.strip())


def _near(keys: Collection[str]) -> str:
    """What somebody may have meant with a key that means nothing."""
    known = {key.lower(): key for key in _KNOWN}
    for key in sorted(set(keys) - {*_KNOWN, "token"}):  # which is for the forge's API
        near = difflib.get_close_matches(key.lower(), known, n=1, cutoff=0.6)
        if near and known[near[0]] not in keys:
            return f" Did you mean {known[near[0]]} by {key}?"
    return ""
