"""The one way to a forge: a requests session that knows time-outs, retries, limits, redirects and secrets.

Credentials go to the API's own origin and nowhere else: any other is refused before a byte is sent.
"""

from __future__ import annotations

import http.client
import io
import json
import logging
import time
from collections.abc import Callable, Mapping
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests

from gitops_upgrader import __version__
from gitops_upgrader.errors import (
    ForgeAnswerUnreadable,
    ForgeAuthenticationFailed,
    ForgeConflict,
    ForgeError,
    ForgeNotConnected,
    ForgeRateLimited,
    ForgeRedirected,
    ForgeUnreachable,
    Where,
)
from gitops_upgrader.forges import failures, outages, tls
from gitops_upgrader.forges.address import origin
from gitops_upgrader.forges.credentials import Credential
from gitops_upgrader.forges.etags import ETags
from gitops_upgrader.forges.redaction import redact
from gitops_upgrader.forges.settings import HttpSettings
from gitops_upgrader.wire import exchange

logger = logging.getLogger(__name__)

_T = TypeVar("_T")
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_KEEPS_METHOD = frozenset({307, 308})
_MOST_REDIRECTS = 5
_LARGEST = 64 * 1024 * 1024
"""Bytes of one answer. A page of a hundred pull requests with bodies of the largest size is a tenth of it."""
_CHUNK = 64 * 1024


def posts(method: str, _path: str) -> bool:
    """Tell of a request, by its method and path, that its second time might make a second thing."""
    return method == "POST"


class Session(requests.Session):
    """Speaks to one API. Every answer that it returns is a success with a JSON body or none; all else is raised.

    Args:
        api: the API's URL. Requests may go to its origin only.
        forge: its name as people know it, for messages.
        place: the repository, for messages.
        credential: what authorises.
        settings: how to reach it.
        once: tells by method and path which requests must not be repeated unless it is certain that the forge has not
            seen them.

    Attributes:
        redirected: how often the forge has sent elsewhere on its own origin, as it does for what was renamed.
    """

    def __init__(
        self,
        api: str,
        *,
        forge: str,
        place: str,
        credential: Credential,
        settings: HttpSettings,
        once: Callable[[str, str], bool] = posts,
    ) -> None:
        super().__init__()
        self.api = api
        self.redirected = 0
        self._origin = origin(api)
        self._forge = forge
        self._where = Where(object=place)
        self._credential = credential
        self._settings = settings
        self._once = once
        self._etags = ETags()
        self._reader = failures.Reader(forge, self._where, self.clean, settings.clock)
        self._closed_until: dict[str, float] = {}
        self._proxies = settings.proxies()
        # requests falls back to ~/.netrc where a session has no authentication of its own; `send` puts ours in
        self.auth = _unchanged
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers.update({"User-Agent": f"gitops-upgrader/{__version__}", "Accept": "application/json"})
        if settings.ca or settings.client:
            self.mount("https://", tls.TlsAdapter(tls.context(settings.ca, settings.client)))

    def __repr__(self) -> str:
        return f"Session({self.api!r})"

    def clean(self, text: str) -> str:
        """Return a text without this session's secrets."""
        return redact(text, (*self._credential.secrets(), *self._settings.secrets()))

    def merge_environment_settings(self, *args: Any, **kwargs: Any) -> Any:
        """Prefer the given proxy to the environment's; requests does it the other way round."""
        merged = super().merge_environment_settings(*args, **kwargs)
        if self._proxies:
            merged["proxies"] = dict(self._proxies)
        return merged

    def again(self, operation: Callable[[], _T]) -> _T:
        """Run an operation that looks before it acts, and run it once more where it is not known whether it acted."""
        try:
            return operation()
        except ForgeUnreachable:
            self._settings.sleep(_backoff(1, self._settings.chance))
            return operation()

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        """Send a request, again where that is safe and may help.

        Raises:
            ForgeError: the typed reason why there is no success.
        """
        waited = 0.0
        tries = 0
        renewed = False
        while True:
            try:
                return self._exchange(request, kwargs)
            except ForgeError as error:
                if isinstance(error, ForgeAuthenticationFailed) and not renewed and self._credential.renew():
                    renewed = True
                    continue
                tries += 1
                pause = self._pause(request, error, tries)
                if pause is None or waited + pause > self._settings.patience:
                    raise
                logger.debug("trying again in %.1f s: %s", pause, error)
            self._settings.sleep(pause)
            waited += pause

    def _pause(self, request: requests.PreparedRequest, error: ForgeError, tries: int) -> float | None:
        """Seconds to wait before this try's successor, None where there shall be none."""
        if not error.transient or isinstance(error, ForgeConflict) or tries > self._settings.retries:
            return None
        if isinstance(error, ForgeRateLimited):
            return error.retry_after + self._settings.chance()
        unseen = isinstance(error, ForgeNotConnected)
        if not unseen and self._once(request.method or "", urlsplit(request.url or "").path):
            return None
        return _backoff(tries, self._settings.chance)

    def _exchange(self, request: requests.PreparedRequest, kwargs: Mapping[str, Any]) -> requests.Response:
        """One request and its answer, redirects on the same origin followed."""
        for _ in range(_MOST_REDIRECTS + 1):
            response = self._ask(request, kwargs)
            target = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not target:
                return self._success(response)
            self.redirected += 1
            request = self._follow(request, response.status_code, urljoin(request.url or "", target))
        raise ForgeRedirected(f"{self._forge} redirects more than {_MOST_REDIRECTS} times.", where=self._where)

    def _follow(self, request: requests.PreparedRequest, status: int, target: str) -> requests.PreparedRequest:
        self._check_origin(target)
        if request.method not in {"GET", "HEAD"} and status not in _KEEPS_METHOD:
            raise ForgeRedirected(
                f"{self._forge} redirects {_line(request)}, where it would arrive as another kind of request.",
                where=self._where,
                remedy="The repository was moved or renamed, or belongs under https: write its new URL.",
            )
        followed = request.copy()
        followed.url = target
        return followed

    def _check_origin(self, url: str) -> None:
        if origin(url) != self._origin:
            raise ForgeRedirected(
                f"{self._forge} at {self._origin} sends to {self.clean(origin(url))}, which gets no credentials.",
                where=self._where,
                remedy="If that is where the forge is now, write its address in apiURL.",
            )

    def _ask(self, request: requests.PreparedRequest, kwargs: Mapping[str, Any]) -> requests.Response:
        """One request as it goes over the wire: authorised, conditional, and not at all while a limit lasts."""
        url = request.url or ""
        self._check_origin(url)
        self._check_limit(request)
        known = self._etags.recall(url) if request.method == "GET" else None
        sent = request.copy()
        header = self._credential.header()
        if header is not None:
            sent.headers["Authorization"] = header
        if known is not None:
            sent.headers["If-None-Match"] = known.etag
        with exchange(f"{sent.method} {self._origin}{urlsplit(url).path}") as talk:
            response = self._transmit(sent, kwargs)
            talk.answer = f"{response.status_code} {response.reason}".strip()
        self._settings.answered(response.status_code, response.headers)
        if known is not None and response.status_code == requests.codes.not_modified:
            return _answer(known.status, {**dict(known.headers), **response.headers}, known.body, sent)
        if request.method == "GET":
            self._etags.remember(url, response)
        return response

    def _check_limit(self, request: requests.PreparedRequest) -> None:
        left = self._closed_until.get(_budget(request), 0.0) - self._settings.clock()
        if left > 0:
            raise ForgeRateLimited(
                f"{self._forge} answers no more for the next {left:.0f} s: its limit of requests is used up.",
                retry_after=left,
                where=self._where,
                remedy="It is tried again by itself.",
            )

    def _transmit(self, request: requests.PreparedRequest, kwargs: Mapping[str, Any]) -> requests.Response:
        timeout = self._settings.timeout
        options = {**kwargs, "stream": True, "allow_redirects": False, "timeout": (timeout, timeout)}
        deadline = time.monotonic() + timeout
        try:
            with super().send(request, **options) as response:
                body = self._body(response, deadline)
        except outages.TRANSPORT as error:
            outage = outages.Outage(_line(request), self._origin, timeout, self._where)
            text = repr(error)
            raise outage.error(error) from (error if self.clean(text) == text else None)
        return _answer(response.status_code, response.headers, body, request)

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        body = bytearray()
        for chunk in response.iter_content(_CHUNK):
            body += chunk
            if len(body) > _LARGEST:
                raise ForgeAnswerUnreadable(
                    f"{self._forge} answered with more than {_LARGEST // 1024**2} MiB.",
                    where=self._where,
                    remedy="Check apiURL: this is no answer of its API.",
                )
            if time.monotonic() > deadline:
                raise requests.exceptions.ReadTimeout
        return bytes(body)

    def _success(self, response: requests.Response) -> requests.Response:
        error = self._reader.error(response)
        budget = _budget(response.request)
        if isinstance(error, ForgeRateLimited):
            self._closed_until[budget] = self._settings.clock() + error.retry_after
        if error is not None:
            raise error
        self._closed_until[budget] = failures.renewal(response)
        if response.content and not _is_json(response):
            raise ForgeAnswerUnreadable(
                f"What answered {_line(response.request)} does not speak the API of {self._forge}.",
                where=self._where,
                remedy="Check provider and apiURL, and that no proxy or login page stands in between.",
            )
        return response


def _line(request: requests.PreparedRequest) -> str:
    """Method and path. The query is left out: it says nothing, and at length."""
    return f"{request.method} {urlsplit(request.url or '').path}"


def _budget(request: requests.PreparedRequest) -> str:
    """GitHub counts GraphQL and all else apart; others count all as one."""
    return "graphql" if urlsplit(request.url or "").path.endswith("/graphql") else "all else"


def _backoff(tries: int, chance: Callable[[], float]) -> float:
    """Seconds: doubling from one up to twenty, between half and the whole of it by chance, so that many do not meet."""
    return float(min(2 ** (tries - 1), 20)) * (0.5 + chance() / 2)


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _answer(
    status: int, headers: Mapping[str, str], body: bytes, request: requests.PreparedRequest
) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer.headers.update(headers)
    answer.raw = io.BytesIO(body)
    answer.encoding = "utf-8"
    answer.reason = http.client.responses.get(status, "")
    answer.url = request.url or ""
    answer.request = request
    return answer


def _is_json(response: requests.Response) -> bool:
    try:
        json.loads(response.content)
    except ValueError:
        return False
    return True
