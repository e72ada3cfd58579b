"""Kubeconfigs: which one is read, and what is wrong with the others."""

from __future__ import annotations

import json
import logging
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader.errors import InvalidKubeconfig
from gitops_upgrader.stores.kubeconfig import open_client
from tests.stores.conftest import TOKEN, kubeconfig_content

SERVER = "https://127.0.0.1:6443"


def write(path: Path, content: Any = None, **changes: Any) -> Path:
    """A good kubeconfig with some of its parts replaced, or another text altogether."""
    text = content if isinstance(content, str) else yaml.safe_dump({**kubeconfig_content(SERVER), **changes})
    path.write_text(text)
    return path


def failure(kubeconfig: Path | None = None, context: str | None = None) -> str:
    with pytest.raises(InvalidKubeconfig) as raised:
        open_client(kubeconfig, context)
    assert TOKEN not in str(raised.value)
    return str(raised.value)


def plugin(command: str) -> dict[str, Any]:
    return {"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command}}}


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_the_named_file(tmp_path: Path) -> None:
    with open_client(write(tmp_path / "config")) as client:
        assert client.configuration.host == SERVER
        assert client.configuration.api_key == {"BearerToken": f"Bearer {TOKEN}"}


def test_the_files_of_the_environment_are_merged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = kubeconfig_content("https://second.example.com")
    write(tmp_path / "a", **{"current-context": None, "users": [], "clusters": []})
    (tmp_path / "b").write_text(yaml.safe_dump(content))
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'missing'}:{tmp_path / 'a'}:{tmp_path / 'b'}")
    with open_client(context="x") as client:
        assert client.configuration.host == "https://second.example.com"


def test_the_usual_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".kube").mkdir()
    write(tmp_path / ".kube/config")
    with open_client() as client:
        assert client.configuration.host == SERVER


def test_another_context(tmp_path: Path) -> None:
    clusters = [{"name": name, "cluster": {"server": f"https://{name}.example.com"}} for name in ("c", "d")]
    contexts = [{"name": name, "context": {"cluster": name, "user": "u"}} for name in ("c", "d")]
    file = write(tmp_path / "config", clusters=clusters, contexts=contexts, **{"current-context": "c"})
    with open_client(file, "d") as client:
        assert client.configuration.host == "https://d.example.com"


def test_a_pods_own_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    assert failure() == (
        "The Pod's own ServiceAccount cannot be used: Service token file does not exist. "
        "Let the Pod mount its token, or name a kubeconfig."
    )
    with open_client(write(tmp_path / "config")) as client:  # a file that is named goes first
        assert client.configuration.host == SERVER


def test_none_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    remedy = "Name one with --kubeconfig, or set KUBECONFIG."
    assert failure() == f"There is no kubeconfig at {tmp_path}/.kube/config. {remedy}"
    assert failure(tmp_path / "other") == f"There is no kubeconfig at {tmp_path}/other. {remedy}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "This is no kubeconfig"),
        ("[]", "This is no kubeconfig"),
        ("clusters: 3", "This is no kubeconfig"),
        ("users: [3]", "This is no kubeconfig"),
        ("contexts: [{name: a}]", "This is no kubeconfig"),
        ("a: [", ":1: The kubeconfig is not YAML."),
        ("{}", "No context is chosen in it. Get a kubeconfig with a context."),
    ],
)
def test_what_is_no_kubeconfig(tmp_path: Path, content: str, words: str) -> None:
    assert words in failure(write(tmp_path / "config", content))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"current-context": None}, "No context is chosen in it. Name one of x with --context."),
        ({"current-context": "y"}, "There is no context 'y' in it. Name one of x with --context."),
        ({"contexts": [{"name": "x", "context": {"cluster": "z"}}]}, "Its context 'x' names no cluster that is in it."),
        (
            {"contexts": [{"name": "x", "context": {"cluster": "c", "user": "z"}}]},
            "Its context 'x' names no user that is in it.",
        ),
        ({"users": [{"name": "u", "usr": {"token": TOKEN}}]}, "It cannot be used: Expected key user in"),
        (
            {"clusters": [{"name": "c", "cluster": {"server": SERVER, "certificate-authority": "/missing"}}]},
            "It cannot be used: File does not exist: /missing.",
        ),
        (
            {"clusters": [{"name": "c", "cluster": {"server": SERVER, "certificate-authority-data": "a"}}]},
            "A certificate or a key in it cannot be read. Get a new kubeconfig.",
        ),
    ],
)
def test_what_is_wrong_with_it(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    assert f"{tmp_path}/config: {words}" in failure(write(tmp_path / "config", **changes))


def test_a_folder(tmp_path: Path) -> None:
    assert failure(tmp_path) == f"{tmp_path}: The kubeconfig cannot be read: Is a directory."


def test_a_credential_plugin(tmp_path: Path) -> None:
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "fresh"}}
    (tmp_path / "answer.json").write_text(json.dumps(answer))
    command = script(tmp_path / "login", f"cat {tmp_path / 'answer.json'}")
    with open_client(write(tmp_path / "config", users=[plugin(command)])) as client:
        assert client.configuration.api_key == {"BearerToken": "Bearer fresh"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("echo 'please log in' >&2; exit 3", "gave no credentials: exec: process returned 3. please log in. Run it by"),
        ("echo nonsense", "gave no credentials: exec: failed to decode process output"),
        ('echo \'{"apiVersion": "client.authentication.k8s.io/v1", "kind": "a", "status": {}}\'', "missing token"),
    ],
)
def test_a_credential_plugin_that_fails_is_told_of(
    tmp_path: Path, text: str, words: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The client itself would note it in its log and go on as nobody."""
    handlers, filters = list(logging.getLogger().handlers), list(logging.getLogger().filters)
    file = write(tmp_path / "config", users=[plugin(script(tmp_path / "login", text))])
    assert words in failure(file)
    assert capfd.readouterr() == ("", "")
    assert (logging.getLogger().handlers, logging.getLogger().filters) == (handlers, filters)


def test_a_credential_plugin_that_is_not_there(tmp_path: Path) -> None:
    message = failure(write(tmp_path / "config", users=[plugin("/missing/login")]))
    assert "The credential plugin '/missing/login' gave no credentials: [Errno 2] No such file" in message


def test_answers_with_secrets_are_never_logged(tmp_path: Path) -> None:
    with open_client(write(tmp_path / "config")):
        assert not logging.getLogger("kubernetes.client.rest").isEnabledFor(logging.DEBUG)
