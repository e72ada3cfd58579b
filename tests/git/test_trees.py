from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pygit2.enums import ObjectType

from gitops_upgrader.errors import NotRegularFile, ObjectMissing, TreeTooLarge, UnsafePath
from gitops_upgrader.git import trees
from gitops_upgrader.git.trees import GitTree, check_path, replace_files
from gitops_upgrader.model import Blob, BlobKind


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> pygit2.Repository:
    return pygit2.init_repository(str(tmp_path_factory.mktemp("trees")), bare=True)


def blob(repository: pygit2.Repository, data: bytes) -> pygit2.Oid:
    return repository.write(ObjectType.BLOB, data)


def tree(repository: pygit2.Repository, *entries: tuple[bytes, bytes, pygit2.Oid]) -> pygit2.Oid:
    """Write a tree with these (mode, name, id), as they are: more than Git would let one write."""
    return repository.write(
        ObjectType.TREE, b"".join(mode + b" " + name + b"\0" + oid.raw for mode, name, oid in entries)
    )


@pytest.fixture
def fleet(repository: pygit2.Repository) -> pygit2.Oid:
    """Every kind of entry, and names that are not UTF-8."""
    file = blob(repository, b"a\n")
    inner = tree(repository, (b"100644", b"dev.yaml", file), (b"100755", b"run", blob(repository, b"#!")))
    return tree(
        repository,
        (b"100644", b"a-b", file),
        (b"40000", b"a", inner),
        (b"100644", b"a0", file),
        (b"120000", b"link", blob(repository, b"a/dev.yaml")),
        (b"100664", b"old", file),
        (b"160000", b"sub", pygit2.Oid(hex="1" * 40)),
        (b"100644", b"\xff.yaml", file),
    )


def test_entries_are_told_by_kind_and_sorted(repository: pygit2.Repository, fleet: pygit2.Oid) -> None:
    seen = GitTree(repository, fleet)
    assert [(entry.path, entry.kind) for entry in seen.blobs()] == [
        ("a-b", BlobKind.FILE),
        ("a/dev.yaml", BlobKind.FILE),
        ("a/run", BlobKind.EXECUTABLE),
        ("a0", BlobKind.FILE),
        ("link", BlobKind.SYMLINK),
        ("old", BlobKind.FILE),
        ("sub", BlobKind.SUBMODULE),
        ("\udcff.yaml", BlobKind.FILE),
    ]
    found = {entry.path: entry for entry in seen.blobs()}
    assert seen.read(found["a/run"]) == b"#!"
    assert seen.size(found["a/dev.yaml"]) == 2
    assert seen.read(found["link"]) == b"a/dev.yaml"
    for question in (seen.read, seen.size):
        with pytest.raises(ObjectMissing, match="sub: The repository does not have"):
            question(found["sub"])
    with pytest.raises(ObjectMissing):
        seen.read(Blob("a", str(fleet), BlobKind.FILE))


def test_a_folder_that_is_missing_or_no_folder_is_named(repository: pygit2.Repository) -> None:
    for oid in (pygit2.Oid(hex="2" * 40), blob(repository, b"no tree")):
        with pytest.raises(ObjectMissing, match="folder: "):
            list(GitTree(repository, tree(repository, (b"40000", b"folder", oid))).blobs())
        with pytest.raises(ObjectMissing):
            replace_files(repository, tree(repository, (b"40000", b"folder", oid)), {"folder/x": b""})


def test_trees_that_unfold_without_end_are_refused(
    repository: pygit2.Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trees, "MAX_ENTRIES", 1000)
    wide = tree(repository, *((b"100644", b"%d" % number, blob(repository, b"x")) for number in range(10)))
    for _ in range(9):
        wide = tree(repository, *((b"40000", b"%d" % number, wide) for number in range(10)))
    with pytest.raises(TreeTooLarge):
        list(GitTree(repository, wide).blobs())
    deep = tree(repository, (b"100644", b"x", blob(repository, b"x")))
    for _ in range(30):
        deep = tree(repository, (b"40000", b"x" * 200, deep))
    with pytest.raises(TreeTooLarge):
        list(GitTree(repository, deep).blobs())


def contents(repository: pygit2.Repository, oid: pygit2.Oid) -> dict[str, tuple[BlobKind, str]]:
    return {entry.path: (entry.kind, entry.oid) for entry in GitTree(repository, oid).blobs()}


def test_replaced_files_keep_mode_and_place_and_nothing_else_changes(
    repository: pygit2.Repository, fleet: pygit2.Oid
) -> None:
    new = replace_files(repository, fleet, {"a/run": b"new", "\udcff.yaml": b"odd", "old": b"older"})
    before, after = contents(repository, fleet), contents(repository, new)
    assert list(before) == list(after)
    assert {path: kind for path, (kind, _) in before.items()} == {path: kind for path, (kind, _) in after.items()}
    assert {path for path in before if before[path] != after[path]} == {"a/run", "\udcff.yaml", "old"}
    assert b"100664 old\0" in repository.odb.read(new)[1]
    assert repository.odb.read(after["a/run"][1])[1] == b"new"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("nowhere.yaml", "is not there"),
        ("a/nowhere.yaml", "is not there"),
        ("nowhere/dev.yaml", "is not there"),
        ("a", "is a folder"),
        ("link", "is a symbolic link"),
        ("sub", "is a submodule"),
        ("link/dev.yaml", "is a symbolic link"),
        ("sub/dev.yaml", "is a submodule"),
        ("a0/x", "is no regular file|is not there|regular"),
    ],
)
def test_only_regular_files_are_changed(
    repository: pygit2.Repository, fleet: pygit2.Oid, path: str, words: str
) -> None:
    with pytest.raises(NotRegularFile, match=words) as caught:
        replace_files(repository, fleet, {"a-b": b"fine", path: b"x"})
    assert caught.value.where.file == path


@pytest.mark.parametrize(
    "path",
    [
        *("", "/etc/passwd", "a//b", "a/", "./a", "a/./b", "..", "../a", "a/../b", "a\0b", "a\\b"),
        *(".git/config", "a/.GIT/hooks/x", ".git ", ".git.", "git~1/x", "/".join(["a"] * 300)),
    ],
)
def test_paths_that_could_leave_the_repository_are_refused(
    repository: pygit2.Repository, fleet: pygit2.Oid, path: str
) -> None:
    with pytest.raises(UnsafePath):
        replace_files(repository, fleet, {path: b"x"})


@pytest.mark.parametrize("path", [".gitignore", ".github/x", "a..b", "a.git", ".gitmodules", "git~2"])
def test_ordinary_paths_are_allowed(path: str) -> None:
    check_path(path)


NAMES = st.text(st.characters(exclude_characters="/\0\\", exclude_categories=["Cs"]), min_size=1, max_size=6)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)


def _is_free(path: str, others: Mapping[str, bytes]) -> bool:
    return not any(other.startswith(path + "/") or path.startswith(other + "/") for other in others)


@st.composite
def files(draw: st.DrawFn) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path, data in draw(st.dictionaries(PATHS, st.binary(max_size=20), min_size=1, max_size=8)).items():
        try:
            check_path(path)
        except UnsafePath:
            continue
        if _is_free(path, found):
            found[path] = data
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(files(), st.data())
def test_replacing_is_the_same_as_building_anew(
    repository: pygit2.Repository, before: dict[str, bytes], data: st.DataObject
) -> None:
    index = pygit2.Index()
    for path, content in before.items():
        index.add(pygit2.IndexEntry(path, blob(repository, content), pygit2.enums.FileMode.BLOB))
    old = index.write_tree(repository)
    names = st.sets(st.sampled_from(sorted(before))) if before else st.just(set[str]())
    new = {path: data.draw(st.binary(max_size=20)) for path in sorted(data.draw(names))}
    for path, content in new.items():
        index.add(pygit2.IndexEntry(path, blob(repository, content), pygit2.enums.FileMode.BLOB))
    assert replace_files(repository, old, new) == index.write_tree(repository)
    read = GitTree(repository, replace_files(repository, old, new))
    assert {entry.path: read.read(entry) for entry in read.blobs()} == before | new
    assert [entry.path for entry in read.blobs()] == sorted(before, key=str.encode)


def test_nothing_written_twice(repository: pygit2.Repository, fleet: pygit2.Oid) -> None:
    new = replace_files(repository, fleet, {"a0": b"once"})
    path = Path(repository.path) / "objects" / str(new)[:2] / str(new)[2:]
    before = path.stat().st_mtime_ns
    assert replace_files(repository, fleet, {"a0": b"once"}) == new
    assert path.stat().st_mtime_ns == before
