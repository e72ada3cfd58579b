"""One request to the API: what goes out, what comes back, and what can happen on the way."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes.client import ApiClient
from kubernetes.config import ConfigException

from gitops_upgrader import __version__
from gitops_upgrader.errors import (
    KubernetesAnswerUnreadable,
    KubernetesTimeout,
    KubernetesUnavailable,
    KubernetesUnreachable,
    KubernetesUntrusted,
    ObjectNotFound,
    UpgraderError,
)
from gitops_upgrader.stores.connection import JSON_PATCH, MERGE_PATCH, Connection
from gitops_upgrader.stores.kubeconfig import open_client
from gitops_upgrader.stores.refusals import Asked
from tests.stores.conftest import TOKEN, Connect, kubeconfig_content
from tests.stores.loopback import Answer, Loopback, Request, refusal

ASKED = Asked("get", "", "pods", "default")


def error(connection: Connection, method: str = "GET", body: Any = None) -> UpgraderError:
    with pytest.raises(UpgraderError) as raised:
        connection.request(method, "/api/v1/pods", ASKED, body=body)
    return raised.value


@dataclass
class Pods:
    """A connection, and how long it has waited."""

    connection: Connection
    slept: list[float]


@pytest.fixture
def pods(loopback: Loopback, tmp_path: Path) -> Iterator[Pods]:
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(kubeconfig_content(loopback.url)), "utf-8")
    slept: list[float] = []
    connection = Connection(open_client(path), sleep=slept.append)
    yield Pods(connection, slept)
    connection.close()


def test_who_asks_and_how(loopback: Loopback, connect: Connect) -> None:
    connect(loopback).request("GET", "/api/v1/pods", ASKED, query=[("labelSelector", "a=b,c=d"), ("limit", "5")])
    (request,) = loopback.requests
    assert (request.path, request.query) == ("/api/v1/pods", "labelSelector=a%3Db%2Cc%3Dd&limit=5")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["user-agent"] == f"gitops-upgrader/{__version__}"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", {"a": None, "b": [1, {"c": None}], "d": {}}),
        (MERGE_PATCH, {"metadata": {"labels": {"x": None}}}),
        (JSON_PATCH, [{"op": "add", "path": "/status", "value": {"a": None}}]),
    ],
)
def test_bodies_are_sent_as_they_are(loopback: Loopback, connect: Connect, content_type: str, body: Any) -> None:
    connect(loopback).request("PATCH", "/x", ASKED, body=body, content_type=content_type)
    (request,) = loopback.requests
    assert json.loads(request.body) == body
    assert request.headers["content-type"] == content_type


@pytest.mark.parametrize("code", [429, 500, 502, 503])
def test_what_the_server_cannot_do_now_can_be_tried_again(loopback: Loopback, connect: Connect, code: int) -> None:
    loopback.answer = lambda _: refusal(code, "too busy")
    failure = error(connect(loopback))
    assert isinstance(failure, KubernetesUnavailable)
    assert failure.transient
    assert "too busy" in str(failure)
    assert len(loopback.requests) == 1  # it is for the caller to wait


def busy(code: int, after: str, *, times: int = 1) -> Callable[[Request], Answer]:
    """Answers so a few times, then well."""
    left = iter(range(times))

    def answer(_: Request) -> Answer:
        if next(left, None) is None:
            return Answer({"kind": "Pod"})
        return replace(refusal(code, "too busy"), headers={"Retry-After": after})

    return answer


@pytest.mark.parametrize(("method", "code"), [("GET", 429), ("PATCH", 429), ("POST", 429), ("GET", 503), ("GET", 500)])
def test_a_busy_server_is_asked_again_when_it_says_so(loopback: Loopback, pods: Pods, method: str, code: int) -> None:
    loopback.answer = busy(code, "1", times=2)
    assert pods.connection.request(method, "/api/v1/pods", ASKED) == {"kind": "Pod"}
    assert pods.slept == [1.0, 1.0]
    assert len(loopback.requests) == 3


@pytest.mark.parametrize(
    ("method", "code", "after", "slept"),
    [
        ("POST", 503, "1", []),  # it may have been done
        ("GET", 503, "Fri, 31 Dec 2027 23:59:59 GMT", []),
        ("GET", 429, "11", []),
        ("GET", 429, "4", [4.0, 4.0]),
        ("GET", 404, "1", []),
    ],
)
def test_nobody_is_kept_waiting_for_long(
    loopback: Loopback, pods: Pods, method: str, code: int, after: str, slept: list[float]
) -> None:
    loopback.answer = busy(code, after, times=1000)
    failure = error(pods.connection, method)
    assert isinstance(failure, ObjectNotFound if code == 404 else KubernetesUnavailable)
    assert pods.slept == slept


def test_a_server_that_names_no_pause_is_not_asked_at_full_speed(loopback: Loopback, pods: Pods) -> None:
    loopback.answer = busy(429, "0", times=1000)
    error(pods.connection)
    assert set(pods.slept) == {0.5}
    assert sum(pods.slept) <= 10


def test_a_page_of_something_else_is_no_answer(loopback: Loopback, connect: Connect) -> None:
    page = Answer(b"<html>Log in</html>", 200, {"Content-Type": "text/html"})
    loopback.answer = lambda _: page
    assert isinstance(error(connect(loopback)), KubernetesAnswerUnreadable)


def test_a_list_is_no_answer(loopback: Loopback, connect: Connect) -> None:
    loopback.answer = lambda _: Answer([1])
    assert isinstance(error(connect(loopback)), KubernetesAnswerUnreadable)


def test_a_page_about_an_error_says_its_status(loopback: Loopback, connect: Connect) -> None:
    loopback.answer = lambda _: Answer(b"<html>Bad gateway</html>", 502)
    failure = error(connect(loopback))
    assert isinstance(failure, KubernetesUnavailable)
    assert str(failure) == "The Kubernetes API cannot get pods in namespace default now: HTTP 502."


def test_redirects_are_not_followed(loopback: Loopback, connect: Connect) -> None:
    loopback.answer = lambda _: Answer(b"", 307, {"Location": f"{loopback.url}/elsewhere"})
    assert isinstance(error(connect(loopback)), KubernetesAnswerUnreadable)
    assert [request.path for request in loopback.requests] == ["/api/v1/pods"]


def test_what_reads_is_asked_once_more_when_the_connection_breaks(loopback: Loopback, connect: Connect) -> None:
    def once(_: Request) -> Answer:
        return Answer({"a": 1}) if len(loopback.requests) > 1 else Answer(hang_up=True)

    loopback.answer = once
    assert connect(loopback).request("GET", "/api/v1/pods", ASKED) == {"a": 1}


def test_what_writes_is_never_repeated(loopback: Loopback, connect: Connect) -> None:
    loopback.answer = lambda _: Answer(hang_up=True)
    failure = error(connect(loopback), "POST", {"a": 1})
    assert isinstance(failure, KubernetesUnreachable)
    assert failure.transient
    assert len(loopback.requests) == 1


def test_silence_has_an_end(loopback: Loopback, connect: Connect) -> None:
    over = threading.Event()

    def wait(_: Request) -> Answer:
        over.wait(60)
        return Answer()

    loopback.answer = wait
    failure = error(connect(loopback, timeout=1), "POST", {"a": 1})
    over.set()
    assert isinstance(failure, KubernetesTimeout)
    assert str(failure) == f"{loopback.url} did not answer within 1 s."


@pytest.mark.parametrize(
    "cause", [FileNotFoundError(2, "No such file"), ConfigException("Token file exists but empty.")]
)
def test_credentials_that_cannot_be_renewed(loopback: Loopback, tmp_path: Path, cause: Exception) -> None:
    """As when a Pod's token is gone: the client reads it anew before a request."""
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(kubeconfig_content(loopback.url)))

    def renew(_: object) -> None:
        raise cause

    client = open_client(file)
    client.configuration.refresh_api_key_hook = renew
    connection = Connection(client)
    failure = error(connection)
    connection.close()
    assert isinstance(failure, KubernetesUnreachable)
    assert failure.message == "The credentials could not be renewed."
    assert loopback.requests == []


def test_a_client_certificate_that_is_gone(loopback: Loopback, tmp_path: Path) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(kubeconfig_content(loopback.url.replace("http:", "https:"))))
    client = open_client(file)
    client.configuration.cert_file = client.configuration.key_file = str(tmp_path / "missing")
    connection = Connection(ApiClient(client.configuration))
    failure = error(connection)
    connection.close()
    assert isinstance(failure, KubernetesUntrusted)
    assert "No such file or directory" in failure.message


@pytest.mark.parametrize("code", [400, 403, 500])
def test_no_credential_is_ever_repeated(loopback: Loopback, connect: Connect, code: int) -> None:
    said = f"request had Authorization: Bearer {TOKEN} and bearer another-long-secret, token={TOKEN}"
    loopback.answer = lambda _: refusal(code, said)
    text = str(error(connect(loopback)))
    assert TOKEN not in text
    assert "another-long-secret" not in text
    assert "***" in text
