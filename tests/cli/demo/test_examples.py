"""The examples are found, and copied with their text replaced."""

from __future__ import annotations

from pathlib import Path

import pytest

import gitops_upgrader
from gitops_upgrader.cli.demo import examples
from gitops_upgrader.errors import UnreadableFile


def test_beside_the_package_in_its_own_repository() -> None:
    assert examples.find(examples.QUICK_START) == Path(gitops_upgrader.__file__).parent.parent / "examples/quick-start"


def test_inside_the_package_once_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitops_upgrader, "__file__", str(tmp_path / "gitops_upgrader" / "__init__.py"))
    inside = tmp_path / "gitops_upgrader" / "_examples" / "quick-start"
    inside.mkdir(parents=True)
    (tmp_path / "examples" / "quick-start").mkdir(parents=True)
    assert examples.find("quick-start") == inside


def test_an_installation_without_examples_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gitops_upgrader, "__file__", str(tmp_path / "gitops_upgrader" / "__init__.py"))
    with pytest.raises(UnreadableFile, match="The examples are not part of this installation"):
        examples.find("quick-start")


def test_text_is_replaced_in_every_file_of_the_copy(tmp_path: Path) -> None:
    examples.copy(examples.QUICK_START, tmp_path / "copy", {"namespace: fleet": "namespace: mine"})
    texts = [path.read_text() for path in sorted((tmp_path / "copy").iterdir())]
    assert "namespace: fleet" not in "".join(texts)
    assert all("namespace: mine" in text for text in texts)


def test_an_example_that_lost_what_is_replaced_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="does not hold 'no such text'"):
        examples.copy(examples.QUICK_START, tmp_path / "copy", {"no such text": ""})
