"""Remembers answers by their ETag, so that asking again for what has not changed is answered `304 Not Modified`.

GitHub does not count a 304 against the rate limit:
https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import requests

_ENTRIES = 512
_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Remembered:
    """An answer to a GET: its tag, status, headers and body."""

    etag: str
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class ETags:
    """The latest answers, by URL; the longest unused is forgotten first. Safe to share between threads."""

    def __init__(self, entries: int = _ENTRIES, size: int = _BYTES) -> None:
        self._entries = entries
        self._size = size
        self._held = 0
        self._answers: OrderedDict[str, Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, url: str) -> Remembered | None:
        """Return what was last answered at this URL."""
        with self._lock:
            found = self._answers.get(url)
            if found is not None:
                self._answers.move_to_end(url)
            return found

    def remember(self, url: str, response: requests.Response) -> None:
        """Keep an answer that carries an ETag; one without it drops what was known."""
        etag = response.headers.get("ETag")
        with self._lock:
            before = self._answers.pop(url, None)
            self._held -= len(before.body) if before else 0
            if etag and response.status_code == requests.codes.ok and len(response.content) <= self._size:
                headers = tuple(response.headers.items())
                self._answers[url] = Remembered(etag, response.status_code, headers, response.content)
                self._held += len(response.content)
            while len(self._answers) > self._entries or self._held > self._size:
                _, dropped = self._answers.popitem(last=False)
                self._held -= len(dropped.body)
