"""Which files are read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gitops_upgrader.errors import UpgraderError
from gitops_upgrader.stores import files


def found(root: Path, *paths: Path) -> list[str]:
    return [str(item).replace(f"{root}/", "") for item in files.find(paths or [root])]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in (
        *("b.yaml", "a.YML", "c.json", "d.txt", "e.yaml.bak", ".hidden.yaml", ".git/config.yaml", "kustomization.yaml"),
        *("sub/a.yaml", "sub/Kustomization.yml", "sub/deeper/x.yaml", "empty/.keep"),
    ):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("a: 1\n")
    return tmp_path / "root"


def test_folders_are_searched_in_order(root: Path) -> None:
    assert found(root) == ["a.YML", "b.yaml", "c.json", "sub/a.yaml", "sub/deeper/x.yaml"]


def test_a_named_file_is_read_whatever_it_is_called(root: Path) -> None:
    assert found(root, root / "d.txt", root / ".hidden.yaml") == ["d.txt", ".hidden.yaml"]


def test_each_file_once(root: Path) -> None:
    assert found(root, root / "sub", root / "sub/a.yaml", root / "sub/deeper") == ["sub/a.yaml", "sub/deeper/x.yaml"]


def test_links_within_the_folder_are_followed_to_files(root: Path) -> None:
    """A mounted ConfigMap looks like this: `versions.yaml -> ..data/versions.yaml`."""
    (root / "sub/..data").mkdir()
    (root / "sub/..data/m.yaml").write_text("a: 1\n")
    (root / "sub/m.yaml").symlink_to("..data/m.yaml")
    (root / "sub/again").symlink_to("deeper")
    (root / "sub/loop").symlink_to("..")
    assert found(root, root / "sub") == ["sub/a.yaml", "sub/deeper/x.yaml", LEAVES.format("sub/loop"), "sub/m.yaml"]


LEAVES = (
    "{}: This symbolic link leaves the folder. Name the folder that it leads to as well, or put a copy in its place."
)


def test_links_out_of_the_folder_are_refused(root: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.yaml").write_text("a: 1\n")
    (root / "empty/file.yaml").symlink_to(outside / "a.yaml")
    (root / "empty/folder").symlink_to(outside)
    (root / "empty/other.txt").symlink_to(outside / "a.yaml")
    (root / "empty/dangling.yaml").symlink_to(tmp_path / "nothing.yaml")
    assert found(root, root / "empty") == [
        LEAVES.format(f"empty/{name}") for name in ("dangling.yaml", "file.yaml", "folder")
    ]


@pytest.mark.parametrize("target", ["nothing.yaml", "loop.yaml"])
def test_links_that_lead_nowhere(target: str, root: Path) -> None:
    (root / "empty/loop.yaml").symlink_to(target)
    expected = "empty/loop.yaml: This symbolic link leads nowhere. Remove it."
    assert found(root, root / "empty") == [expected]


def test_a_folder_that_cannot_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    assert found(root, root / "empty") == [
        "empty: The folder cannot be read: Permission denied. Make it readable, or leave it out."
    ]


def test_a_folder_that_is_a_link_itself(root: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(root / "sub")
    assert found(tmp_path, tmp_path / "link") == ["link/a.yaml", "link/deeper/x.yaml"]


def test_what_is_no_file(root: Path) -> None:
    os.mkfifo(root / "pipe.yaml")
    assert "pipe.yaml" not in found(root)
    (item,) = files.find([root / "pipe.yaml"])
    assert isinstance(item, UpgraderError)
    assert item.message == "This is neither a file nor a folder."
