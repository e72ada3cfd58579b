from __future__ import annotations

import io

import requests

from gitops_upgrader.forges.etags import ETags


def response(body: bytes, etag: str | None = '"1"', status: int = 200) -> requests.Response:
    made = requests.Response()
    made.status_code = status
    made.raw = io.BytesIO(body)
    if etag:
        made.headers["ETag"] = etag
    return made


def test_an_answer_with_a_tag_is_kept() -> None:
    tags = ETags()
    tags.remember("u", response(b"abc"))
    kept = tags.recall("u")
    assert kept is not None
    assert (kept.etag, kept.status, kept.body) == ('"1"', 200, b"abc")


def test_the_latest_answer_counts() -> None:
    tags = ETags()
    tags.remember("u", response(b"abc"))
    tags.remember("u", response(b"def", '"2"'))
    kept = tags.recall("u")
    assert kept is not None
    assert kept.body == b"def"
    for other in (response(b"abc", None), response(b"abc", status=404)):
        tags.remember("u", response(b"abc"))
        tags.remember("u", other)
        assert tags.recall("u") is None


def test_the_longest_unused_is_forgotten() -> None:
    tags = ETags(entries=2)
    tags.remember("a", response(b"1"))
    tags.remember("b", response(b"2"))
    tags.recall("a")
    tags.remember("c", response(b"3"))
    assert [url for url in "abc" if tags.recall(url)] == ["a", "c"]


def test_no_more_is_kept_than_there_is_room_for() -> None:
    tags = ETags(size=10)
    tags.remember("a", response(b"12345678901"))
    assert tags.recall("a") is None
    tags.remember("a", response(b"123456"))
    tags.remember("b", response(b"12345"))
    assert [url for url in "ab" if tags.recall(url)] == ["b"]
    for _ in range(5):
        tags.remember("b", response(b"12345"))
    tags.remember("c", response(b"12345"))
    assert [url for url in "bc" if tags.recall(url)] == ["b", "c"]
