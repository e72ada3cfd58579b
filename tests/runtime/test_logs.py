"""Logs: JSON, one id for each reconcile, and no secret."""

from __future__ import annotations

import base64
import json
import logging
import sys
from typing import Any

from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.logs import JsonFormatter, reconciling
from gitops_upgrader.runtime.secrecy import NotingReader, Secrecy
from gitops_upgrader.stores.protocol import Stored
from tests.runtime.memory import MemoryStore, Server

PLANTED = "planted-Pa55/word"


def render(message: str, *arguments: object, secrecy: Secrecy | None = None, **more: Any) -> dict[str, Any]:
    record = logging.makeLogRecord(
        {"name": "test", "levelno": logging.INFO, "levelname": "INFO", "msg": message, "args": arguments, **more}
    )
    line = JsonFormatter(secrecy).format(record)
    assert "\n" not in line
    content = json.loads(line)
    assert isinstance(content, dict)
    return content


def secret(**data: str) -> Stored:
    encoded = {name.replace("_", "."): base64.b64encode(value.encode()).decode() for name, value in data.items()}
    return Stored(ObjectKey("", "Secret", "fleet", "git"), {"metadata": {"name": "git"}, "data": encoded})


def caught(error: Exception) -> Any:
    """What `sys.exc_info` says where an error was raised and caught."""
    try:
        _fail(error)
    except type(error):
        return sys.exc_info()
    raise AssertionError


def _fail(error: Exception) -> None:
    raise error


def test_a_record_is_one_json_object() -> None:
    content = render("%s is at %s", "main", "abc", created=1_790_000_000.5, fields={"attempt": 2})

    assert content == {
        "ts": "2026-09-21T14:13:20.500Z",
        "level": "info",
        "logger": "test",
        "msg": "main is at abc",
        "attempt": 2,
    }


def test_what_belongs_to_one_reconcile_has_one_id() -> None:
    key = ObjectKey("g", "Plan", "fleet", "newest")
    with reconciling(key) as identity:
        inside = render("one"), render("two")
    with reconciling(key) as other:
        pass

    assert [content["reconcileID"] for content in inside] == [identity, identity]
    assert {"kind": "Plan", "namespace": "fleet", "name": "newest"}.items() <= inside[0].items()
    assert other != identity
    assert "reconcileID" not in render("outside")


def test_a_bug_has_its_traceback() -> None:
    content = render("it failed", exc_info=caught(ZeroDivisionError("a bug")))

    assert "ZeroDivisionError: a bug" in content["traceback"]
    assert "test_logs.py" in content["traceback"]


def test_secrets_that_were_read_are_in_no_log_in_plain_or_base64() -> None:
    secrecy = Secrecy()
    secrecy.note(secret(password=PLANTED))
    encoded = base64.b64encode(PLANTED.encode()).decode()
    bug = caught(ValueError(f"token {PLANTED}"))
    content = render("%s and %s", PLANTED, encoded, secrecy=secrecy, fields={"x": PLANTED}, exc_info=bug)

    assert PLANTED not in json.dumps(content)
    assert encoded not in json.dumps(content)


def test_credentials_in_urls_are_hidden_whoever_they_belong_to() -> None:
    assert "hunter2" not in render("fetching https://user:hunter2@git.example/fleet.git")["msg"]


def test_a_reader_notes_the_secrets_that_come_by_and_no_words() -> None:
    server = Server()
    store = MemoryStore(server)
    content = dict(
        secret(password=PLANTED, username="somebody-known", token="short", known_hosts="git.example ssh").content
    )
    store.create({**content, "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "git", "namespace": "fleet"}})
    secrecy = Secrecy()
    reader = NotingReader(store, secrecy)

    assert reader.get(ObjectKey("", "Secret", "fleet", "git")) is not None
    assert reader.list("", "ConfigMap") == ()

    assert PLANTED in secrecy.values()
    assert not {"somebody-known", "short"} & set(secrecy.values())


def test_only_so_many_secrets_are_remembered() -> None:
    secrecy = Secrecy()
    for number in range(1200):
        secrecy.note(secret(password=f"planted-{number:06}"))

    assert len(secrecy.values()) == 1000
    assert "planted-001199" in secrecy.values()


def test_a_secret_that_is_no_base64_is_passed_over() -> None:
    secrecy = Secrecy()
    secrecy.note(Stored(ObjectKey("", "Secret", "a", "b"), {"metadata": {}, "data": {"password": "***", "x": 1}}))

    assert secrecy.values() == ()
