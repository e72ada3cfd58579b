"""What the pages of docs/ show is right: commands run, objects are valid, and links lead somewhere."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from gitops_upgrader.api import kinds
from gitops_upgrader.cli.group import cli
from tests.actions.files import READMES
from tests.docs.blocks import ROOT, Block, blocks
from tests.docs.reference import PAGES as REFERENCE
from tests.docs.terminal import PARTS, Terminal
from tests.docs.test_readme import DOCUMENTS
from tests.examples.example import NAMES as EXAMPLES

ELSEWHERE = {
    "docs/forges.md": "tests/forges/test_docs.py",
    "docs/manifests.md": "tests/manifests/gallery.py",
}
"""Pages whose blocks a test of their own checks."""

ALL = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md"))
HERE = [page for page in ALL if page not in ELSEWHERE]
BLOCKS = [block for page in HERE for block in blocks(page)]
TYPED = [page for page in HERE if any(block.check == "typed" for block in blocks(page))]
OTHERS = {"kubectl"}
"""Other people's programs that a page may name."""


def _of(page: str) -> Iterator[tuple[Block, str]]:
    """The blocks of a page, each with its check: unmarked objects are validated, unmarked references parsed."""
    for block in blocks(page):
        generated = Path(page).name in REFERENCE and Path(page).parent.name == "reference"
        default = "options" if generated else "objects" if block.language == "yaml" else "nothing"
        yield block, block.check or default


def _checked(how: str) -> list[object]:
    return [pytest.param(block, id=block.place) for page in HERE for block, check in _of(page) if check == how]


def test_no_block_goes_unchecked() -> None:
    known = PARTS | {"objects", "options"}
    assert [block.place for page in HERE for block, check in _of(page) if check not in known] == []
    assert {check for page in HERE for _, check in _of(page)} == known


@pytest.mark.parametrize("page", [page for page in ELSEWHERE if (ROOT / page).exists()])
def test_what_is_checked_elsewhere_is(page: str) -> None:
    assert Path(page).name in (ROOT / ELSEWHERE[page]).read_text(encoding="utf-8")


def test_every_readme_is_checked_by_somebody() -> None:
    """Those of the examples and of the action have tests beside what they describe; see ELSEWHERE for the pages."""
    found = {path for folder in ("actions", "examples") for path in (ROOT / folder).rglob("README.md")}
    examples = {ROOT / "examples" / name / "README.md" for name in (*EXAMPLES, "quick-start", ".")}
    assert found == examples | set(READMES)
    assert "examples/quick-start/README.md" in DOCUMENTS


@pytest.mark.parametrize("page", TYPED)
def test_a_reader_who_types_it_all_gets_what_is_shown(page: str, tmp_path: Path) -> None:
    terminal = Terminal(tmp_path)
    for block in blocks(page):
        terminal.follow(block)


@pytest.mark.parametrize("block", _checked("objects") + _checked("file"))
def test_every_object_is_valid(block: Block) -> None:
    if block.language != "yaml":
        pytest.fail(f"{block.place} is no YAML")
    documents: list[dict[str, Any]] = list(yaml.safe_load_all(block.text))
    assert documents
    for document in documents:
        assert {"apiVersion", "kind", "metadata"} <= set(document), block.place
        if kinds.is_ours(document):
            assert kinds.check(document) == (), block.place


@pytest.mark.parametrize("block", _checked("options"))
def test_every_option_exists(block: Block, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for keyring in re.findall(r"[\w-]+\.asc", block.text):
        (tmp_path / keyring).touch()
    for command in block.commands:
        for part in re.split(r" \| |&& ", command.partition(" > ")[0]):
            words = shlex.split(part)
            while re.fullmatch(r"[A-Z_]+=.*", words[0]):
                words.pop(0)
            if words[0] == "gitops-upgrader":
                _parse(words[1:])
            else:
                assert words[0] in OTHERS, f"{block.place}: {part}"


def _parse(words: list[str]) -> None:
    """As the program does it, without doing what it says."""
    command = cli.get_command(cli.make_context("gitops-upgrader", ["x"]), words[0])
    assert command is not None, words[0]
    with command.make_context(words[0], words[1:]):
        pass


@pytest.mark.parametrize("page", ALL)
def test_every_link_leads_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#\s]+)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


@pytest.mark.parametrize("page", ALL)
def test_every_file_and_test_that_a_page_names_is_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for path in re.findall(r"`((?:tests|examples|actions|crds|gitops_upgrader)/[\w./-]+)(?:::\w+)?`", text):
        assert (ROOT / path).exists(), path
    for path, name in re.findall(r"`(tests/[\w./-]+)::(\w+)`", text):
        assert re.search(rf"def {name}\b", (ROOT / path).read_text(encoding="utf-8")), f"{path}::{name}"
