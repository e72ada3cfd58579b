"""Debian repositories for tests: their files, signed with keys made on the spot, and a real server for them."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from urllib.parse import unquote, urlsplit

import pysequoia
from pysequoia.packet import PacketPile, Tag

from tests.httpserver import answering

NOW = datetime.now(UTC).replace(microsecond=0)
"""The moment of the test run: keys that are made on the spot are not valid before it."""

_LISTS = {"SHA512": hashlib.sha512, "SHA256": hashlib.sha256, "SHA1": hashlib.sha1, "MD5Sum": hashlib.md5}


def paragraph(version: str, package: str = "kubeadm", architecture: str = "amd64") -> str:
    """One paragraph of a Packages file, with the fields that pkgs.k8s.io has."""
    return (
        f"Package: {package}\n"
        f"Version: {version}\n"
        f"Architecture: {architecture}\n"
        "Maintainer: Kubernetes Authors <dev@kubernetes.io>\n"
        "Section: admin\n"
        "Priority: optional\n"
        f"Filename: {architecture}/{package}_{version.partition(':')[2] or version}_{architecture}.deb\n"
        "Size: 1\n"
        "Description: Command-line utility for administering a Kubernetes cluster\n"
        " A second line.\n"
    )


def packages(*versions: str, architectures: Iterable[str] = ("amd64", "arm64")) -> bytes:
    """A Packages file with three packages of each version, `1.34.1-1.1`, for each architecture."""
    return "\n".join(
        paragraph(version, package, architecture)
        for version in versions
        for package in ("kubeadm", "kubectl", "kubelet")
        for architecture in architectures
    ).encode()


def debian_date(moment: datetime) -> str:
    """A date as Release files write it."""
    return moment.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S UTC")


def release(
    files: Mapping[str, bytes],
    *,
    date: datetime | None = NOW,
    valid_until: datetime | None = None,
    lists: Iterable[str] = ("MD5Sum", "SHA1", "SHA256"),
) -> bytes:
    """A Release file that lists `files`, path below it -> content, with these kinds of digest."""
    lines = ["Origin: tests", "Suite: stable", "Architectures: amd64 arm64"]
    lines += [f"Date: {debian_date(date)}"] if date else []
    lines += [f"Valid-Until: {debian_date(valid_until)}"] if valid_until else []
    for name in lists:
        lines.append(f"{name}:")
        lines += [f" {_LISTS[name](content).hexdigest()} {len(content):>8} {path}" for path, content in files.items()]
    return ("\n".join(lines) + "\n").encode()


def signatures(content: bytes, *keys: pysequoia.Tsk, mode: pysequoia.SignatureMode) -> bytes:
    """The armored signatures of several keys over the same content, in one block as Debian has them."""
    packets = b"".join(
        bytes(packet)
        for key in keys
        for packet in PacketPile.from_bytes(_block(pysequoia.sign(key.signer(), content, mode=mode)))
        if packet.tag == Tag.Signature
    )
    return pysequoia.armor(packets, pysequoia.ArmorKind.Signature).encode()


def clear_signed(content: bytes, *keys: pysequoia.Tsk) -> bytes:
    """An InRelease file."""
    signed = pysequoia.sign(keys[0].signer(), content, mode=pysequoia.SignatureMode.CLEAR)
    text = signed[: signed.index(_SIGNATURE)]
    return text + signatures(content, *keys, mode=pysequoia.SignatureMode.CLEAR)


def detached(content: bytes, *keys: pysequoia.Tsk) -> bytes:
    """A Release.gpg file."""
    return signatures(content, *keys, mode=pysequoia.SignatureMode.DETACHED)


_SIGNATURE = b"-----BEGIN PGP SIGNATURE-----"


def _block(signed: bytes) -> bytes:
    return signed[signed.index(_SIGNATURE) :]


def packed(name: str, content: bytes) -> bytes:
    """An index as a file of that name has it."""
    if name.endswith(".gz"):
        return gzip.compress(content, mtime=0)
    return lzma.compress(content) if name.endswith(".xz") else content


def flat(
    folder: str, content: bytes, *keys: pysequoia.Tsk, names: Iterable[str] = ("Packages.gz", "Packages")
) -> dict[str, bytes]:
    """The files of a flat repository in `folder` (`/deb/`), signed where there are keys."""
    indexes = {name: packed(name, content) for name in names}
    files = {folder + name: data for name, data in indexes.items()}
    if keys:
        files[folder + "InRelease"] = clear_signed(release(indexes), *keys)
    return files


def dists(
    root: str, suite: str, component: str, content: bytes, *keys: pysequoia.Tsk, names: Iterable[str] = ("Packages.xz",)
) -> dict[str, bytes]:
    """The files of `<root>dists/<suite>/<component>/binary-amd64/`, signed where there are keys."""
    indexes = {f"{component}/binary-amd64/{name}": packed(name, content) for name in names}
    files = {f"{root}dists/{suite}/{path}": data for path, data in indexes.items()}
    if keys:
        files[f"{root}dists/{suite}/InRelease"] = clear_signed(release(indexes), *keys)
    return files


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that a site got; header names are lower case."""

    path: str
    headers: Mapping[str, str]


Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass(slots=True)
class Site:
    """A web site on loopback.

    Args:
        url: its root, without a final slash.
        files: path -> content; a path that is not there is answered with 404.
        answers: path -> what to do instead of sending a file.
        requests: what was asked, in order.
        closing: set when the site shuts down, for answers that wait.
    """

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[Asked] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [asked.path for asked in self.requests]

    def status(self, path: str, code: int, **headers: str) -> None:
        """Answer a path with a status; underscores in header names stand for dashes."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(code)
            for name, value in headers.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.send_header("Content-Length", "0")
            handler.end_headers()

        self.answers[path] = answer

    def raw(self, path: str, content: bytes) -> None:
        """Answer a path with these bytes on the wire, and close the connection."""

        def answer(handler: BaseHTTPRequestHandler) -> None:
            handler.wfile.write(content)
            handler.close_connection = True

        self.answers[path] = answer


@contextmanager
def serve(site: Site | None = None, tls: SSLContext | None = None) -> Iterator[Site]:
    """Run a site until the block ends."""
    running = site or Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            running.requests.append(Asked(self.path, headers))
            answer = running.answers.get(path)
            if answer is not None:
                answer(self)
            elif path in running.files:
                _send(self, running.files[path])
            else:
                self.send_error(404)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            """Say nothing."""

        def log_error(self, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that goes away in the middle is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    host = "localhost" if tls is not None else "127.0.0.1"
    running.url = f"{'https' if tls is not None else 'http'}://{host}:{server.server_port}"
    with server, answering(server):
        try:
            yield running
        finally:
            running.closing.set()


def _send(handler: BaseHTTPRequestHandler, content: bytes) -> None:
    etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    if handler.headers.get("If-None-Match") == etag:
        handler.send_response(304)
        handler.send_header("ETag", etag)
        handler.end_headers()
        return
    handler.send_response(200)
    handler.send_header("Content-Length", str(len(content)))
    handler.send_header("ETag", etag)
    handler.send_header("Last-Modified", "Wed, 01 Oct 2025 10:00:00 GMT")
    handler.end_headers()
    handler.wfile.write(content)
