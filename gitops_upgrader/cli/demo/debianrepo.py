"""Debian repositories on loopback, laid out as on pkgs.k8s.io: a flat one for each minor."""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

ADDRESS = "127.0.0.1"
"""Loopback: the demonstration is nobody else's business."""

ARCHITECTURES = ("amd64", "arm64")
PACKAGES = ("kubeadm", "kubectl", "kubelet")

_INDEX = re.compile(r"/core:/stable:/v(?P<minor>[0-9]+\.[0-9]+)/deb/Packages(?P<suffix>|\.gz)")


def folder(minor: str) -> str:
    """Return the path of a minor's repository below the server's root: `/core:/stable:/v1.34/deb/`."""
    return f"/core:/stable:/v{minor.removeprefix('v')}/deb/"


@contextmanager
def serve(versions_by_minor: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Serve repositories until the block ends, and yield the server's root URL, without a final slash.

    The mapping is looked at anew for every request: a version that is added to it has been released.

    Args:
        versions_by_minor: minor, `v1.34` -> its versions, `v1.34.1`. The `v` is optional in both.
    """

    class Handler(_Handler):
        published = versions_by_minor

    server = _Server((ADDRESS, 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="debian-repository", daemon=True)
    thread.start()
    try:
        yield f"http://{ADDRESS}:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def index(versions: Iterable[str]) -> bytes:
    """Return a Packages file with the three packages of each version, for each architecture."""
    return "\n".join(
        _paragraph(package, version.removeprefix("v").replace("-", "~", 1), architecture)
        for version in versions
        for package in PACKAGES
        for architecture in ARCHITECTURES
    ).encode()


def _paragraph(package: str, version: str, architecture: str) -> str:
    revision = f"{version}-1.1"
    name = f"{architecture}/{package}_{revision}_{architecture}.deb"
    return (
        f"Package: {package}\n"
        f"Version: {revision}\n"
        f"Architecture: {architecture}\n"
        "Maintainer: gitops-upgrader demo <demo@example.com>\n"
        "Section: admin\n"
        "Priority: optional\n"
        f"Filename: {name}\n"
        f"SHA256: {hashlib.sha256(name.encode()).hexdigest()}\n"
        f"Description: {package} of Kubernetes {version}, which is not in here\n"
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that went away in the middle: it is this same process, and says so itself."""


class _Handler(BaseHTTPRequestHandler):
    published: Mapping[str, Iterable[str]]
    timeout = 10  # seconds for a client that says nothing
    server_version = "gitops-upgrader-demo"

    def do_GET(self) -> None:
        """Answer with an index, with "not modified", or with 404."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer as for GET, without the body."""
        self._answer(with_body=False)

    def log_message(self, *_args: object) -> None:
        """Say nothing: the terminal belongs to the demonstration."""

    def _answer(self, *, with_body: bool) -> None:
        body = self._file()
        if body is None:
            self.send_error(404)
            return
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        unchanged = self.headers.get("If-None-Match") == etag
        self.send_response(304 if unchanged else 200)
        self.send_header("ETag", etag)
        if not unchanged:
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body and not unchanged:
            self.wfile.write(body)

    def _file(self) -> bytes | None:
        wanted = _INDEX.fullmatch(unquote(urlsplit(self.path).path))
        if not wanted:
            return None
        minors = {minor.removeprefix("v"): versions for minor, versions in self.published.items()}
        versions = minors.get(wanted["minor"])
        if versions is None:
            return None
        content = index(versions)
        return gzip.compress(content, mtime=0) if wanted["suffix"] else content
