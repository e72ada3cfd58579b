"""What a forge's refusal means: every status that is no success becomes one typed error, with the forge's own words."""

from __future__ import annotations

import email.utils
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import requests

from gitops_upgrader.errors import (
    ForgeAuthenticationFailed,
    ForgeConflict,
    ForgeError,
    ForgeForbidden,
    ForgeNotFound,
    ForgeRateLimited,
    ForgeRefused,
    ForgeUnreachable,
    Where,
)

_SECONDARY = re.compile(r"secondary rate limit|abuse detection|please wait a few minutes", re.IGNORECASE)
_PAUSE = 60.0
"""GitHub's advice where a secondary limit names no time: at least one minute. Seconds.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
"""
_LONGEST = 400
"""More of a forge's own words than this makes no message better."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads refusals of one forge.

    Attributes:
        forge: its name as people know it.
        where: the repository, as messages name it.
        clean: takes secrets out of a text.
        clock: seconds since 1970, to tell how far away a moment is.
    """

    forge: str
    where: Where
    clean: Callable[[str], str]
    clock: Callable[[], float]

    def error(self, response: requests.Response) -> ForgeError | None:
        """Return what this answer means, or None where it is a success."""
        status = response.status_code
        if status < requests.codes.bad_request:
            return None
        # cleaned before it is cut: half a secret is a secret that nobody recognises
        said = _shortened(self.clean(words(response)))
        request = f"{response.request.method} {urlsplit(response.request.url or '').path}"
        message = f"{self.forge} answered {request} with {status}{': ' + said if said else ''}."
        if limited(response, said):
            return ForgeRateLimited(
                message, retry_after=self._pause(response), where=self.where, remedy="It is tried again by itself."
            )
        kind, remedy = _meaning(status, response)
        return kind(self.clean(message), where=self.where, remedy=self.clean(remedy))

    def _pause(self, response: requests.Response) -> float:
        """Seconds to wait: `Retry-After` (RFC 9110, 10.2.3), else until the limit is renewed, else a minute."""
        after = response.headers.get("Retry-After", "").strip()
        if after.isdecimal():
            return float(after)
        moment = email.utils.parsedate_tz(after) if after else None
        if moment is not None:
            return max(0.0, email.utils.mktime_tz(moment) - self.clock())
        reset = renewal(response)
        return max(0.0, reset - self.clock()) if reset else _PAUSE


def renewal(response: requests.Response) -> float:
    """Return when the limit that this answer used up is renewed, in seconds since 1970; 0 where some of it is left."""
    if _number(response, "X-RateLimit-Remaining", "RateLimit-Remaining") != 0:
        return 0.0
    return _number(response, "X-RateLimit-Reset", "RateLimit-Reset") or 0.0


def limited(response: requests.Response, said: str) -> bool:
    """Tell whether this refusal is about how often we ask. GitHub says so with 403 as well as with 429."""
    if response.status_code == requests.codes.too_many_requests:
        return True
    if response.status_code != requests.codes.forbidden:
        return False
    return (
        "Retry-After" in response.headers
        or response.headers.get("X-RateLimit-Remaining") == "0"
        or _SECONDARY.search(said) is not None
    )


def words(response: requests.Response) -> str:
    """Return the forge's own words in one line, without its full stop."""
    try:
        body = json.loads(response.content)
    except ValueError:
        html = "html" in response.headers.get("Content-Type", "")
        return "" if html else _line(response.content.decode("utf-8", "replace"))
    return _line("; ".join(dict.fromkeys(sentence.strip().rstrip(".") for sentence in _sentences(body))))


def _sentences(body: Any) -> list[str]:
    """Collect the texts of an error's body: `message`, `error`, `errors`, nested as GitHub and GitLab nest them."""
    if isinstance(body, str):
        return [body] if body.strip() else []
    if isinstance(body, list):
        return [sentence for item in body for sentence in _sentences(item)]
    if not isinstance(body, dict):
        return []
    known = [key for key in ("message", "error_description", "error", "errors") if key in body]
    if not known:
        field = " ".join(str(body[key]) for key in ("field", "code") if body.get(key))
        if field:
            return [field]
        # GitLab's validation errors: {"title": ["is too long"]}
        return [f"{key} {sentence}" for key, value in body.items() for sentence in _sentences(value)]
    return [sentence for key in known for sentence in _sentences(body[key])]


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def _shortened(line: str) -> str:
    return line if len(line) <= _LONGEST else line[:_LONGEST].rstrip() + "..."


def _number(response: requests.Response, *names: str) -> float | None:
    for name in names:
        try:
            return float(response.headers[name])
        except (KeyError, ValueError):
            continue
    return None


_KINDS: dict[int, tuple[type[ForgeError], str]] = {
    400: (ForgeRefused, ""),
    401: (ForgeAuthenticationFailed, "Check the token: it is missing, wrong, expired or revoked."),
    403: (ForgeForbidden, "Give the token the permissions that docs/forges.md lists for this forge."),
    404: (ForgeNotFound, "Check the repository's URL, and that the token may see it: forges hide what it may not."),
    405: (ForgeConflict, ""),
    406: (ForgeConflict, ""),
    408: (ForgeUnreachable, ""),
    409: (ForgeConflict, ""),
    410: (ForgeNotFound, "It is gone, or switched off in the repository's settings."),
    412: (ForgeConflict, ""),
    422: (ForgeConflict, ""),
    423: (ForgeForbidden, "The repository is archived or locked: unlock it, or pause what is proposed to it."),
}


def _meaning(status: int, response: requests.Response) -> tuple[type[ForgeError], str]:
    if status >= requests.codes.server_error:
        return ForgeUnreachable, ""
    kind, remedy = _KINDS.get(status, (ForgeRefused, ""))
    if status == requests.codes.forbidden:
        remedy = _single_sign_on(response) or _missing_permission(response) or remedy
    return kind, remedy


def _single_sign_on(response: requests.Response) -> str:
    """GitHub names the page where a token is authorised for an organisation with single sign-on."""
    header = response.headers.get("X-GitHub-SSO", "")
    url = header.partition("url=")[2].strip()
    return f"Authorise the token for the organisation's single sign-on: {url}" if url else ""


def _missing_permission(response: requests.Response) -> str:
    """GitHub names the permissions of which one would have been enough."""
    accepted = response.headers.get("X-Accepted-GitHub-Permissions", "").strip()
    return f"Give the token one of these permissions: {accepted}." if accepted else ""
