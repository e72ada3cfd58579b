"""`controller`: what it refuses before it begins."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from gitops_upgrader.cli import controller
from gitops_upgrader.runtime.election import Terms
from tests.cli.commandline import CommandLine


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--watch-label-selector", "a b"), "'a b' is no label selector. Write it like team=red"),
        (("--listen", "8080"), "--listen '8080' is no HOST:PORT. For example :8080"),
        (("--listen", "host:99999"), "is no HOST:PORT"),
        (("--apply-deadline", "soon"), "'soon' is no duration; write it like 30s, 10m or 1h30m"),
        (("--lease-duration", "100ms"), "--lease-duration must be at least one second."),
        (("--workers", "0"), "0 is not in the range 1<=x<=64"),
        (("--kubeconfig", "absent"), "There is no kubeconfig at absent."),
    ],
)
def test_a_mistake_is_one_line_with_a_remedy(
    arguments: tuple[str, ...], words: str, gitops_upgrader: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("logging.basicConfig", lambda **_: None)  # the log stays that of the tests

    ran = gitops_upgrader("controller", *arguments)

    assert ran.status == 1
    assert ran.out == ""
    assert words in ran.err
    assert ran.err.startswith("error: ")
    assert len(ran.err.splitlines()) == 1


def test_shards_do_not_wait_for_each_other() -> None:
    names = {controller._lease_name(selector) for selector in ("", "shard=1", "shard=2")}

    assert len(names) == 3
    assert "gitops-upgrader" in names


def test_the_terms_of_the_lease_keep_their_proportions() -> None:
    assert controller._terms(timedelta(seconds=15)) == Terms(15.0, 10.0, 2.0)


def test_the_lease_is_in_the_namespace_of_the_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "_NAMESPACE_FILE", tmp_path / "namespace")
    assert controller._own_namespace() == "gitops-upgrader"
    (tmp_path / "namespace").write_text("system\n")
    assert controller._own_namespace() == "system"
    monkeypatch.setenv("POD_NAMESPACE", "named")
    assert controller._own_namespace() == "named"


@pytest.mark.parametrize(("text", "address"), [("", None), (":8080", ("", 8080)), ("[::1]:0", ("::1", 0))])
def test_where_it_listens(text: str, address: tuple[str, int] | None) -> None:
    assert controller._address(text) == address
