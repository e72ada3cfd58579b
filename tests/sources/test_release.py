"""Release files: what they list, and when they hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from gitops_upgrader.errors import (
    InvalidRelease,
    NotListedInRelease,
    ReleaseExpired,
    ReleaseNotYetValid,
    SourceError,
    WeakHash,
    Where,
)
from gitops_upgrader.sources.release import CLOCK_SKEW, Listed, Release, parse_release
from tests.debian import debian_date, release

WHERE = Where(file="https://example.com/InRelease")
NOW = datetime(2025, 10, 1, 12, tzinfo=UTC)
A, B = "a" * 64, "b" * 64


def test_the_strongest_digest_is_taken() -> None:
    content = release(
        {"Packages": b"1", "main/Packages.xz": b"22"}, date=NOW, lists=["MD5Sum", "SHA1", "SHA256", "SHA512"]
    )
    parsed = parse_release(content, WHERE)
    assert parsed.date == NOW
    assert parsed.valid_until is None
    assert {path: (entry.algorithm, entry.size) for path, entry in parsed.files.items()} == {
        "Packages": ("SHA512", 1),
        "main/Packages.xz": ("SHA512", 2),
    }
    assert parsed.weak == frozenset()


def test_a_listed_file_reads_as_one_text() -> None:
    assert str(Listed("SHA256", "ab", 1)) == "SHA256:ab"


@pytest.mark.parametrize(
    "text",
    [
        f"SHA256:\n {A}      3 Packages\n",
        f"SHA256:\n\t{A.upper()}\t3\t./Packages\n",
        f"sha256: {A} 3 Packages\n",
        f"SHA256:\n {A} 3 Packages\n {A} 3 Packages\n",
        f"SHA256:\r\n {A} 3 Packages\r\n",
    ],
)
def test_forms_of_the_same(text: str) -> None:
    assert parse_release(text.encode(), WHERE).files == {"Packages": Listed("SHA256", A, 3)}


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Wed, 01 Oct 2025 12:00:00 UTC", NOW),
        ("Wed, 01 Oct 2025 12:00:00 GMT", NOW),
        ("Wed, 01 Oct 2025 14:00:00 +0200", NOW),
        ("Wed, 01 Oct 2025 12:00:00 -0000", NOW),
        ("Wed,  1 Oct 2025 12:00:00", NOW),
        ("", None),
    ],
)
def test_dates(text: str, moment: datetime | None) -> None:
    content = f"Date: {text}\nValid-Until: {text}\nSHA256:\n {A} 3 Packages\n"
    parsed = parse_release(content.encode(), WHERE)
    assert (parsed.date, parsed.valid_until) == (moment, moment)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it lists no files"),
        (b"<html></html>\n", "it lists no files"),
        (b"Suite: stable\n", "it lists no files"),
        (b"Origin: \xff\n", "it is not UTF-8"),
        (b"SHA256:\n abc 3 Packages\n", "its field SHA256 has a line that lists no file: 'abc 3 Packages'"),
        (f"SHA256:\n {A} -3 Packages\n".encode(), f"its field SHA256 has a line that lists no file: '{A} -3 Packages'"),
        (
            f"SHA256:\n {A} 3 Packages\n {B} 3 Packages\n".encode(),
            "its field SHA256 lists Packages twice, with different digests or sizes",
        ),
        (f"Date: soon\nSHA256:\n {A} 3 Packages\n".encode(), "its field Date is no date: 'soon'"),
        (
            f"Valid-Until: Wed, 99 Oct 2025 12:00:00 UTC\nSHA256:\n {A} 3 Packages\n".encode(),
            "its field Valid-Until is no date: 'Wed, 99 Oct 2025 12:00:00 UTC'",
        ),
    ],
)
def test_what_is_no_release_file(content: bytes, why: str) -> None:
    with pytest.raises(InvalidRelease) as caught:
        parse_release(content, WHERE)
    assert str(caught.value) == (
        f"https://example.com/InRelease: the Release file cannot be used: {why}. "
        "Ask whoever runs the repository to publish it anew."
    )


@pytest.mark.parametrize(
    ("valid", "date", "kind", "message"),
    [
        (timedelta(seconds=1), timedelta(0), None, ""),
        (None, CLOCK_SKEW, None, ""),
        (None, None, None, ""),
        (
            timedelta(0),
            timedelta(days=-7),
            ReleaseExpired,
            "the repository was valid until 2025-10-01 12:00 UTC, which is over.",
        ),
        (
            timedelta(days=1),
            CLOCK_SKEW + timedelta(seconds=1),
            ReleaseNotYetValid,
            "the repository is dated 2025-10-01 12:10 UTC, and now it is 2025-10-01 12:00 UTC.",
        ),
    ],
)
def test_when_it_holds(
    valid: timedelta | None, date: timedelta | None, kind: type[SourceError] | None, message: str
) -> None:
    content = release(
        {"Packages": b""},
        date=None if date is None else NOW + date,
        valid_until=None if valid is None else NOW + valid,
    )
    parsed = parse_release(content, WHERE)
    if kind is None:
        parsed.check_dates(NOW, WHERE)
        assert parsed.files
        return
    with pytest.raises(kind) as caught:
        parsed.check_dates(NOW, WHERE)
    assert caught.value.message == message


def test_listed_keeps_the_order_asked_for() -> None:
    one, two = Listed("SHA256", A, 1), Listed("SHA256", B, 2)
    parsed = Release(files={"Packages": one, "Packages.gz": two})
    found = parsed.listed({"Packages.xz": "Packages.xz", "Packages.gz": "Packages.gz", "Packages": "Packages"}, WHERE)
    assert list(found.items()) == [("Packages.gz", two), ("Packages", one)]


@pytest.mark.parametrize(
    ("weak", "paths", "kind", "message"),
    [
        (
            ["a/Packages"],
            ["a/Packages.xz", "a/Packages"],
            WeakHash,
            "it lists a/Packages with MD5 or SHA-1 only.",
        ),
        ([], ["a/Packages.xz"], NotListedInRelease, "it does not list a/Packages.xz."),
        ([], ["a/Packages.xz", "a/Packages"], NotListedInRelease, "it lists neither a/Packages.xz nor a/Packages."),
    ],
)
def test_what_is_not_listed(weak: list[str], paths: list[str], kind: type[SourceError], message: str) -> None:
    content = release(dict.fromkeys(weak, b""), lists=["MD5Sum", "SHA1"]) + release({"else": b""}, lists=["SHA256"])
    content = content.replace(b"Origin: tests\nSuite: stable\n", b"")
    with pytest.raises(kind) as caught:
        parse_release(content, WHERE).listed({path.rpartition("/")[2]: path for path in paths}, WHERE)
    assert caught.value.message == message


def test_the_helper_writes_dates_as_debian_does() -> None:
    assert debian_date(NOW) == "Wed, 01 Oct 2025 12:00:00 UTC"
