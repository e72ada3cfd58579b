"""`status`: one line for each cluster, from a dry run and from a cluster's statuses, once or again and again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from gitops_upgrader.cli import options, status
from gitops_upgrader.cli.status import Seen, follow
from gitops_upgrader.errors import KubernetesForbidden, KubernetesUnreachable, UpgraderError
from gitops_upgrader.manifests.locate import CHECK_NAME
from gitops_upgrader.reports.fleet_status import Row
from tests.cli.commandline import CommandLine
from tests.reconcilers.directory import Fleet, upgrader

STATUS = ("status", "-m", "upgrades", "--repo", "fleet.git")


def test_a_dry_run_as_a_table(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.clusters(done="v1.34.2", old="v1.31.4")
    fleet.write("more.yaml", upgrader("dev", paused="true"), *(upgrader(name) for name in ("done", "gone", "old")))

    ran = gitops_upgrader(*STATUS)

    assert ran.out.splitlines() == [
        "CLUSTER     VERSION  TARGET   HOP      PULL REQUEST  PHASE     AGE  REASON",
        "fleet/dev   v1.33.5  v1.34.2  v1.34.2  -             Paused    -    Paused",
        "fleet/done  v1.34.2  v1.34.2  -        -             UpToDate  -    UpToDate",
        "fleet/gone  ?        v1.34.2  -        -             Failed    -    ClusterNotFound",
        "fleet/old   v1.31.4  v1.34.2  -        -             Holding   -    NoMachineImage",
        "fleet/prod  v1.33.5  v1.34.2  v1.34.2  -             Planned   -    HopFound",
        "",
        f"fleet/gone: No file has a Cluster fleet/gone. {CHECK_NAME}",
    ]
    assert (ran.status, ran.err) == (1, "")
    assert fleet.host.pulls() == ()


def test_a_pull_request_that_is_open(gitops_upgrader: CommandLine) -> None:
    gitops_upgrader("propose", *STATUS[1:])

    ran = gitops_upgrader(*STATUS, "-o", "json")

    (found,) = ran.json["clusters"]
    pull = found.pop("pullRequest")
    assert (pull["number"], pull["state"]) == (1, "open")
    assert found.pop("since")
    assert found.pop("message")
    assert found == {
        "cluster": "fleet/prod",
        "upgrader": "fleet/prod",
        "version": "v1.33.5",
        "target": "v1.34.2",
        "hop": "v1.34.2",
        "phase": "Proposed",
        "reason": "Open",
        "failed": False,
    }
    assert ran.json["errors"] == []
    assert "#1" in gitops_upgrader(*STATUS).out


def test_a_broken_object_is_told_of_and_does_not_hide_the_others(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.write("bad.yaml", upgrader("dev", pth="clusters"))

    ran = gitops_upgrader(*STATUS, "-o", "json")

    assert ran.status == 1
    assert [found["cluster"] for found in ran.json["clusters"]] == ["fleet/prod"]
    assert [error["reason"] for error in ran.json["errors"]] == ["InvalidObject"]
    assert ran.err.startswith("error: ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "--manifests or --context is needed. For example: gitops-upgrader status --context management"),
        (("-m", "upgrades", "--context", "x"), "--manifests and --context exclude each other."),
        (("-m", "upgrades", "--watch"), "--watch goes with --context or --kubeconfig."),
        (("--context", "x", "--repo", "."), "--repo, --branch, --provider and --instance go with --manifests."),
        (("-n", "fleet"), "--namespace goes with --context or --kubeconfig."),
        ((*STATUS[1:], "--upgrader", "nobody"), "There is no ClusterClassClusterUpgrader 'nobody'."),
        (("--kubeconfig", "absent"), "There is no kubeconfig at absent."),
    ],
)
def test_a_mistake_is_one_line(arguments: tuple[str, ...], said: str, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader("status", *arguments)

    assert (ran.status, ran.out) == (1, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1


# --- again and again

NOW = datetime(2026, 5, 2, 12, tzinfo=UTC)


def row(name: str, phase: str) -> Row:
    return Row(f"fleet/{name}", f"fleet/{name}", "v1.33.5", "v1.34.2", None, None, phase, NOW, "Why", "", failed=False)


class End(Exception):
    """There is nothing more to see."""


def looks(*seen: Seen | UpgraderError) -> Callable[[], Seen]:
    """One look after the other, then the end."""
    left: Iterator[Seen | UpgraderError] = iter(seen)

    def look() -> Seen:
        one = next(left, None)
        if one is None:
            raise End
        if isinstance(one, UpgraderError):
            raise one
        return one

    return look


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "now", lambda: NOW)


BEFORE = Seen((row("a", "Holding"), row("b", "UpToDate")))
AFTER = Seen((row("a", "Proposed"), row("b", "UpToDate")))


def test_a_pipe_gets_the_table_once_and_then_what_changes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(End):
        follow(looks(BEFORE, BEFORE, AFTER, AFTER), "text", lambda: None)

    assert capsys.readouterr().out.splitlines() == [
        "CLUSTER  VERSION  TARGET   HOP  PULL REQUEST  PHASE     AGE  REASON",
        "fleet/a  v1.33.5  v1.34.2  -    -             Holding   0s   Why",
        "fleet/b  v1.33.5  v1.34.2  -    -             UpToDate  0s   Why",
        "fleet/a  v1.33.5  v1.34.2  -  -  Proposed  0s  Why",
    ]


def test_json_is_a_document_a_line_whenever_something_has_changed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(End):
        follow(looks(BEFORE, BEFORE, AFTER, AFTER), "json", lambda: None)

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [[found["phase"] for found in line["clusters"]] for line in lines] == [
        ["Holding", "UpToDate"],
        ["Proposed", "UpToDate"],
    ]


def test_an_api_server_that_does_not_answer_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    gone = KubernetesUnreachable("The API server does not answer.")
    with pytest.raises(End):
        follow(looks(BEFORE, gone, gone, AFTER), "text", lambda: None)

    captured = capsys.readouterr()
    assert captured.err == "error: The API server does not answer.\n"
    assert captured.out.splitlines()[-1].startswith("fleet/a ")
    assert len(captured.out.splitlines()) == 4


def test_a_right_that_is_taken_away_ends_it() -> None:
    with pytest.raises(KubernetesForbidden):
        follow(looks(BEFORE, KubernetesForbidden("No.")), "text", lambda: None)


def test_between_two_looks_it_waits() -> None:
    waits: list[None] = []
    with pytest.raises(End):
        follow(looks(BEFORE, AFTER), "text", lambda: waits.append(None))
    assert len(waits) == 2
    assert status.PAUSE >= 1


def test_a_terminal_is_drawn_anew_each_time(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    broken = Seen(BEFORE.rows, (KubernetesForbidden("No."),), ("Somebody else writes.",))
    with pytest.raises(End):
        follow(looks(BEFORE, broken, broken), "text", lambda: None)

    captured = capsys.readouterr()
    assert captured.out.count("\x1b[2J") == captured.out.count("CLUSTER") == 3
    assert captured.err == "warning: Somebody else writes.\nerror: No.\n" * 2
