"""Every answer about ranges is the one that github.com/Masterminds/semver gives."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from gitops_upgrader.errors import InvalidRange, InvalidVersion
from gitops_upgrader.versions import Version, VersionRange
from gitops_upgrader.versions.version import MAX_NUMBER
from tests.versions import oracle

TABLE: oracle.Table = json.loads(oracle.TABLE.read_text(encoding="utf-8"))


def answer(question: oracle.Question) -> oracle.Answer:
    """What this package says."""
    allowed, version, other = read_range(question.range), read(question.version), read(question.other)
    return oracle.Answer(
        range=allowed is not None,
        version=version is not None,
        other=other is not None,
        within=allowed is not None and version is not None and version in allowed,
        compare=0 if version is None or other is None else compare(version, other),
    )


def read(text: str) -> Version | None:
    try:
        return Version.parse(text)
    except InvalidVersion:
        return None


def read_range(text: str) -> VersionRange | None:
    try:
        return VersionRange.parse(text)
    except InvalidRange:
        return None


def compare(version: Version, other: Version) -> int:
    return (version.precedence > other.precedence) - (version.precedence < other.precedence)


def is_beyond_64_bits(text: str) -> bool:
    """Whether a prerelease holds a number that Cluster API's own parser refuses, and Masterminds/semver does not."""
    prerelease = text.partition("+")[0].partition("-")[2]
    return any(part.isdigit() and int(part) > MAX_NUMBER for part in prerelease.split("."))


def test_the_table_is_of_the_questions_asked_today() -> None:
    assert list(TABLE) == list(dict.fromkeys(oracle.table_ranges()))
    assert len(TABLE) * len(oracle.TABLE_VERSIONS) >= 500


@pytest.mark.parametrize(("text", "inside"), TABLE.items(), ids=lambda value: repr(value)[:40])
def test_the_table_of_its_answers(text: str, inside: list[str] | None) -> None:
    allowed = read_range(text)
    found = allowed and [text for text in oracle.TABLE_VERSIONS if Version.parse(text) in allowed]
    assert found == inside


@pytest.mark.parametrize("text", oracle.BAD_VERSIONS)
def test_what_is_no_version(text: str) -> None:
    assert read(text) is None


@pytest.mark.servers
def test_the_table_is_up_to_date() -> None:
    assert oracle.ask_table() == TABLE


@pytest.mark.servers
def test_what_is_no_version_for_the_library() -> None:
    asked = [oracle.Question("*", text, text) for text in oracle.BAD_VERSIONS]
    assert [found.version for found in oracle.ask(asked)] == [False] * len(asked)


@pytest.mark.servers
@pytest.mark.parametrize("seed", [1, 2])
def test_every_answer_to_generated_questions(seed: int) -> None:
    generated = oracle.generate(20_000, seed)
    asked = [q for q in generated if not is_beyond_64_bits(q.version) and not is_beyond_64_bits(q.other)]
    told = oracle.ask(asked)
    assert [(q, answer(q)) for q in asked] == list(zip(asked, told, strict=True))
    kinds = Counter((found.range, found.version, found.within) for found in told)
    assert len(asked) >= 10_000
    assert min(kinds[True, True, True], kinds[True, True, False], kinds[False, True, False]) >= 1_000
    assert kinds[True, False, False] >= 100
