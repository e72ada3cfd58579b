"""One request to the Kubernetes API over the official client: JSON in, JSON out, and every failure an error of ours."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from gitops_upgrader.errors import (
    KubernetesAnswerUnreadable,
    KubernetesTimeout,
    KubernetesUnreachable,
    KubernetesUntrusted,
    UpgraderError,
)
from gitops_upgrader.stores.refusals import Asked, Refusal, error_of
from gitops_upgrader.wire import exchange

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a connection."""
READ_TIMEOUT = 30.0
"""Seconds of silence until an answer counts as lost; what is read is then asked for once more."""

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

_PATIENCE = 1 / 3
"""The share of the time for an answer that may be spent on waiting as long as the API server asks for."""
_LEAST_PAUSE = 0.5
"""Seconds between two attempts where the server names none."""

_SHORTEST = 4
"""Shorter secrets are none, and without them words would have holes."""
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w~+/=.-]{8,}")


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer: a success with its JSON, or a refusal."""

    content: Mapping[str, Any]
    refusal: Refusal | None = None


class Connection:
    """A cluster's API. It can be used by several threads.

    Args:
        client: the official client, which knows address, certificates and credentials.
        timeout: seconds to wait for an answer.
        sleep: lets seconds pass.
    """

    def __init__(
        self, client: ApiClient, *, timeout: float = READ_TIMEOUT, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._client = client
        self._timeout = timeout
        self._sleep = sleep
        self.address: str = client.configuration.host

    def ask(
        self,
        method: str,
        path: str,
        asked: Asked,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,
        content_type: str = JSON,
        accept: str = JSON,
    ) -> Answered:
        """Ask, and leave it to the caller what a refusal means. `accept` may ask for another view of the objects.

        An API server with too much to do says after how many seconds it may be asked again, and then that is done here,
        as client-go does it (rest/with_retry.go); where it would take long, that is for the caller as well.

        Raises:
            KubernetesError: there is no answer, or it is none of a Kubernetes API.
        """
        url = f"{path}?{urlencode(query)}" if query else path
        headers = {"Accept": accept, "Content-Type": content_type}
        left = self._timeout * _PATIENCE
        while True:
            answered, pause = self._ask_once(method, url, dict(headers), body, asked)
            if pause is None or pause > left:
                return answered
            left -= pause
            self._sleep(pause)

    def _ask_once(
        self, method: str, url: str, headers: dict[str, str], body: Any, asked: Asked
    ) -> tuple[Answered, float | None]:
        """One attempt, and after how many seconds the server wants another one; None where it does not."""
        request = self._prepared(method, url, headers, body)
        path = url.partition("?")[0]
        with exchange(f"{method} {self.address}{path}") as talk, self._failures():
            response = self._client.call_api(*request, _request_timeout=(CONNECT_TIMEOUT, self._timeout))
            data: bytes = response.read()
            talk.answer = str(response.status)
        content = _json(data)
        if 200 <= response.status < 300:
            if content is None:
                raise self._clean(
                    KubernetesAnswerUnreadable(
                        f"{self.address} answers, but not as a Kubernetes API does.",
                        where=asked.where,
                        remedy="Check the server in the kubeconfig, and the proxy.",
                    )
                )
            return Answered(content), None
        status = content if content is not None and content.get("kind") == "Status" else {}
        pause = _pause(method, response.status, response.getheader("Retry-After"))
        return Answered({}, Refusal(response.status, status)), pause

    def request(
        self,
        method: str,
        path: str,
        asked: Asked,
        *,
        query: Sequence[tuple[str, str]] = (),
        body: Any = None,
        content_type: str = JSON,
    ) -> Mapping[str, Any]:
        """Ask for something that has to succeed.

        Raises:
            KubernetesError, ObjectError: what the API answers instead.
        """
        answered = self.ask(method, path, asked, query=query, body=body, content_type=content_type)
        if answered.refusal is not None:
            raise self.error(answered.refusal, asked)
        return answered.content

    def error(self, refusal: Refusal, asked: Asked) -> UpgraderError:
        """The error that a refusal is, without any credential in it."""
        return self._clean(error_of(refusal, asked))

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _prepared(
        self, method: str, url: str, headers: dict[str, str], body: Any
    ) -> tuple[str, str, dict[str, str], Any, Any]:
        """The request with its credentials, which the client may have to read or to renew first."""
        from kubernetes.config import ConfigException

        try:
            return self._client.param_serialize(
                method, url, header_params=headers, body=body, auth_settings=["BearerToken"]
            )
        except (ConfigException, OSError) as failure:
            raise KubernetesUnreachable(
                "The credentials could not be renewed.", remedy="Log in again; in a Pod, let it mount its token."
            ) from failure

    @contextmanager
    def _failures(self) -> Iterator[None]:
        """What can go wrong on the way, in our words. A retried request ends in MaxRetryError, whose reason counts."""
        from kubernetes.client import ApiException
        from urllib3 import exceptions

        try:
            yield
        except exceptions.HTTPError as failure:
            reason = failure.reason if isinstance(failure, exceptions.MaxRetryError) and failure.reason else failure
            raise self._clean(self._no_answer(reason)) from None
        except ApiException as failure:  # the client's own wrapping of SSLError, with status 0
            raise self._clean(self._untrusted(str(failure.reason))) from None

    def _no_answer(self, failure: Exception) -> UpgraderError:
        from urllib3 import exceptions

        if isinstance(failure, exceptions.SSLError):
            return self._untrusted(str(failure))
        inner = _system_error(failure)
        if inner is not None and inner.filename:
            return self._untrusted(f"{inner.strerror}: {inner.filename}")
        refused = isinstance(failure, exceptions.NewConnectionError)  # to urllib3 a kind of time-out
        if isinstance(failure, exceptions.ConnectTimeoutError) and not refused:
            return KubernetesTimeout(
                f"{self.address} cannot be reached within {CONNECT_TIMEOUT:g} s.",
                remedy="Check the server in the kubeconfig, the network and the proxy.",
            )
        if isinstance(failure, exceptions.TimeoutError) and not refused:
            return KubernetesTimeout(f"{self.address} did not answer within {self._timeout:g} s.")
        return KubernetesUnreachable(
            f"{self.address} cannot be reached: {_cause(failure)}.",
            remedy="Check the server in the kubeconfig, the network and the proxy.",
        )

    def _untrusted(self, why: str) -> UpgraderError:
        return KubernetesUntrusted(
            f"There is no trusted connection to {self.address}: {' '.join(why.split())}.",
            remedy="Correct certificate-authority, client-certificate and client-key in the kubeconfig.",
        )

    def _clean(self, error: UpgraderError) -> UpgraderError:
        """The error without what opens the API, should a proxy or a server repeat it."""
        secrets = [value.rpartition(" ")[2] for value in self._client.configuration.api_key.values()]
        message, remedy = error.message, error.remedy
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                message, remedy = message.replace(secret, "***"), remedy.replace(secret, "***")
        message = _BEARER.sub(r"\1 ***", message)
        return type(error)(message, where=error.where, remedy=remedy)


def _pause(method: str, status: int, asked_for: str | None) -> float | None:
    """The seconds of a Retry-After, where nothing has been done: 429 says so, and to read does nothing anyway."""
    if asked_for is None or not asked_for.isdecimal():
        return None
    harmless = status == 429 or (method == "GET" and status >= 500)
    return max(_LEAST_PAUSE, float(asked_for)) if harmless else None


def _json(data: bytes) -> Mapping[str, Any] | None:
    try:
        content = json.loads(data)
    except ValueError:
        return None
    return content if isinstance(content, Mapping) else None


def _system_error(failure: Exception) -> OSError | None:
    """What the operating system says, under what urllib3 makes of it."""
    return next(
        (one for one in (*failure.args, failure.__cause__, failure.__context__) if isinstance(one, OSError)), None
    )


def _cause(failure: Exception) -> str:
    """The innermost words, without the addresses of Python objects that urllib3 puts before them."""
    inner = _system_error(failure)
    text = inner.strerror if inner is not None and inner.strerror else str(failure.args[-1] if failure.args else "")
    return " ".join(text.rpartition(": ")[2].split()).rstrip(".") or type(failure).__name__
