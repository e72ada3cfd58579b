"""`--context`, `--kubeconfig` and `--namespace`: what does not go together, without any cluster."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_upgrader.cli.run import run


@pytest.mark.parametrize("command", ["propose", "plan"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-n", "fleet"], "--namespace goes with --context or --kubeconfig."),
        (["-m", ".", "-n", "fleet"], "--namespace goes with --context or --kubeconfig."),
        (["-m", ".", "--context", "a"], "--manifests and --context exclude each other."),
        (["-m", ".", "--kubeconfig", "a"], "--manifests and --context exclude each other."),
        (["--kubeconfig", "missing"], "There is no kubeconfig at missing."),
        ([], "--manifests or --context"),
    ],
)
def test_what_does_not_go_together(
    command: str,
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run([command, *arguments, "--repo", "."]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"error: {said}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--context", "a", "--cluster", "prod"], "--context and --cluster exclude each other."),
        (["--context", "a", "--to", "v1.34.2"], "--to goes with --cluster."),
        (["--context", "a", "--path", "clusters"], "--path goes with --cluster."),
        (["--cluster", "prod", "--upgrader", "a"], "--upgrader goes with --manifests or --context."),
    ],
)
def test_what_one_cluster_by_hand_excludes(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["propose", *arguments, "--repo", "."]) == 1
    assert capsys.readouterr().err.startswith(f"error: {said}")
