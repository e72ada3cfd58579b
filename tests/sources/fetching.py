"""One file, fetched into memory."""

from __future__ import annotations

from io import BytesIO

from gitops_upgrader.sources import Request, Response
from gitops_upgrader.sources.httpfetch import HttpFetch

LIMIT = 1000


def bring(fetch: HttpFetch, url: str, timeout: float = 20.0, **validators: str) -> tuple[Response, bytes]:
    sink = BytesIO()
    response = fetch(Request(url, timeout, LIMIT, **validators), sink)
    return response, sink.getvalue()
