"""The demonstration's Git repository, where git says no."""

from __future__ import annotations

from pathlib import Path

import pytest

from gitops_upgrader.cli.demo.remote import Remote
from gitops_upgrader.errors import GitFailed


def test_what_git_says_is_passed_on(tmp_path: Path) -> None:
    remote = Remote.create(tmp_path / "bare.git", tmp_path / "clone")
    (tmp_path / "clone" / "a.txt").write_text("a")
    remote.commit("Begin")
    with pytest.raises(GitFailed, match=r"`git merge` failed in .*/clone: .*origin/nowhere"):
        remote.merge("nowhere")


def test_the_machines_git_configuration_has_no_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "gitconfig"
    config.write_text("[commit]\n\tgpgSign = true\n[user]\n\tname = Someone Else\n[core]\n\thooksPath = /nowhere\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    remote = Remote.create(tmp_path / "bare.git", tmp_path / "clone")
    (tmp_path / "clone" / "a.txt").write_text("a")
    remote.commit("Begin")
    assert (tmp_path / "bare.git" / "refs" / "heads" / "main").exists()
    assert not (tmp_path / "elsewhere").exists()
