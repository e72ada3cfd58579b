from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.need import MACHINE, missing, need


def test_git_reads_no_configuration_of_the_person_at_the_machine() -> None:
    assert os.environ["GIT_CONFIG_GLOBAL"] == os.environ["GIT_CONFIG_SYSTEM"]
    assert Path(os.environ["GIT_CONFIG_GLOBAL"]).read_bytes() == b""
    assert not (Path.home() / ".gitconfig").exists()
    assert not (Path.home() / ".config" / "git").exists()


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "GITLAB_TOKEN", "GITEA_TOKEN", "https_proxy", "SSH_AUTH_SOCK"])
def test_no_credential_and_no_proxy_reaches_a_test(name: str) -> None:
    assert name not in os.environ


def test_need_finds_programs_parts_of_git_and_files(tmp_path: Path) -> None:
    assert need("git").is_file()
    assert need("git upload-pack").name == "git-upload-pack"
    assert need(tmp_path) == tmp_path


def test_what_is_missing_is_skipped_with_its_reason_and_fails_in_ci(tmp_path: Path) -> None:
    expected = pytest.fail.Exception if MACHINE.get("CI") else pytest.skip.Exception
    with pytest.raises(expected, match="no-such-program is not installed"):
        need("no-such-program")
    with pytest.raises(expected, match="the moon is not full"):
        missing("the moon is not full")
