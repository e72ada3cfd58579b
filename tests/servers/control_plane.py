"""A Kubernetes control plane on loopback: etcd, the API server with RBAC on, and some of the controllers; no nodes.

The programs come from the folder that KUBEBUILDER_ASSETS names, as the tests of controller-runtime have them, or are
built from the Go module proxy. Run as a module it keeps one control plane for all the processes of a test run.
"""

from __future__ import annotations

import base64
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import trustme
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.need import MACHINE
from tests.servers.build import GoProgram
from tests.servers.ports import free_ports
from tests.servers.shared import keep

KUBERNETES = "v1.36.3"
_TOLD = " ".join(
    f"-X k8s.io/component-base/version.{name}={value}"
    for name, value in (("gitVersion", KUBERNETES), ("gitMajor", "1"), ("gitMinor", "36"))
)
_PROGRAMS: Mapping[str, GoProgram] = {
    "etcd": GoProgram("etcd", "go.etcd.io/etcd/server/v3", name="etcd", ldflags="-s -w"),
    **{
        name: GoProgram("kubernetes", f"k8s.io/kubernetes/cmd/{name}", name=name, ldflags=f"-s -w {_TOLD}")
        for name in ("kube-apiserver", "kube-controller-manager")
    },
}
_CONTROLLERS = (
    "job-controller",
    "garbage-collector-controller",
    "namespace-controller",
    "serviceaccount-controller",
    "clusterrole-aggregation-controller",
)
DEADLINE = 90.0
"""Seconds for one program to get ready; on an idle machine the slowest takes four."""
_PATIENCE = 20.0
"""Seconds for a program to end when it is asked to."""


def program(name: str) -> Path:
    """A program of the control plane: the one of KUBEBUILDER_ASSETS where it is there, else built if need be."""
    assets = MACHINE.get("KUBEBUILDER_ASSETS")
    if assets and (Path(assets) / name).exists():
        return Path(assets) / name
    return _PROGRAMS[name].build()


def build() -> None:
    """Have all of the programs at hand."""
    for name in _PROGRAMS:
        program(name)


@dataclass(slots=True)
class Process:
    """One program that runs in the background, with its output in a file."""

    name: str
    arguments: tuple[str, ...]
    folder: Path
    ready: Callable[[], bool]
    _running: subprocess.Popen[bytes] | None = None
    _changing: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)
    """One thread may end what another one waits to start again."""

    @property
    def log(self) -> Path:
        """Where its output goes."""
        return self.folder / f"{self.name}.log"

    @property
    def pid(self) -> int:
        """The process while it runs."""
        if self._running is None:
            raise AssertionError(f"{self.name} does not run")
        return self._running.pid

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        running = self._running
        return running is not None and running.poll() is None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        with self._changing, self.log.open("ab") as output:
            running = self._running = subprocess.Popen(
                [str(program(self.name)), *self.arguments],
                cwd=self.folder,
                env={"PATH": os.defpath, "HOME": str(self.folder), "TZ": "UTC"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        end, pause = time.monotonic() + DEADLINE, threading.Event()
        while not self.ready():
            if running.poll() is not None or time.monotonic() > end:
                log = self.log.read_text(encoding="utf-8", errors="replace")
                raise AssertionError(f"{self.name} did not get ready; its log is {self.log}.\n{log[-4000:]}")
            pause.wait(0.05)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End it, if it runs, and wait until it has ended."""
        with self._changing:
            running = self._running
            if running is None:
                return
            running.send_signal(how)
            try:
                running.wait(_PATIENCE)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
            self._running = None


@dataclass(slots=True)
class ControlPlane:
    """The programs of one control plane, and where its API is.

    Attributes:
        url: the API server.
        kubeconfig: a file for somebody who may do everything.
        certificate_authority: the certificate that the API server's own is signed by.
    """

    url: str
    kubeconfig: Path
    certificate_authority: Path
    etcd: Process = field(repr=False)
    api_server: Process = field(repr=False)
    controller_manager: Process = field(repr=False)

    def about(self) -> dict[str, str]:
        """What others need to use it."""
        return {
            "url": self.url,
            "kubeconfig": str(self.kubeconfig),
            "certificate_authority": str(self.certificate_authority),
        }


@contextmanager
def running(
    folder: Path, *, prepare: Callable[[ControlPlane], None] = lambda _: None, api_server: Sequence[str] = ()
) -> Iterator[ControlPlane]:
    """Run a control plane in a folder until the end of the block. The logs stay; what etcd kept does not.

    Args:
        folder: where everything of it is.
        prepare: is called before the controllers start; of kinds that come later the garbage collector hears within
            half a minute only.
        api_server: further arguments of the API server.
    """
    plane = _laid_out(folder, api_server)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder / "etcd", ignore_errors=True)
        for process in (plane.etcd, plane.api_server, plane.controller_manager):
            if process is plane.controller_manager:
                prepare(plane)
            stack.callback(process.stop)
            process.start()
        yield plane


def _laid_out(folder: Path, further: Sequence[str]) -> ControlPlane:
    """Everything that the programs read: certificates, keys, configuration."""
    client_port, peer_port, port = free_ports(3)
    url, etcd_url = f"https://127.0.0.1:{port}", f"http://127.0.0.1:{client_port}"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.crt")
    serving = authority.issue_cert("127.0.0.1", "localhost", "kubernetes.default.svc")
    _write(folder / "api.crt", *(blob.bytes() for blob in serving.cert_chain_pems))
    _write(folder / "api.key", serving.private_key_pem.bytes())
    # The group system:masters may do everything, whatever RBAC says. Without a name in it the certificate has an empty
    # critical extension, which Go refuses.
    admin = authority.issue_cert("admin.example.com", common_name="admin", organization_name="system:masters")
    kubeconfig = folder / "admin.kubeconfig"
    identity = {
        "client-certificate-data": _base64(admin.cert_chain_pems[0].bytes()),
        "client-key-data": _base64(admin.private_key_pem.bytes()),
    }
    write_kubeconfig(kubeconfig, url, folder / "ca.crt", identity)
    _write_service_account_keys(folder)
    certificates = (folder / "admin.crt", folder / "admin.key")
    _write(certificates[0], *(blob.bytes() for blob in admin.cert_chain_pems))
    _write(certificates[1], admin.private_key_pem.bytes())

    def api_is_ready() -> bool:
        return _answers(f"{url}/readyz", folder / "ca.crt", certificates)

    return ControlPlane(
        url=url,
        kubeconfig=kubeconfig,
        certificate_authority=folder / "ca.crt",
        etcd=Process("etcd", _etcd(folder, etcd_url, peer_port), folder, lambda: _answers(f"{etcd_url}/health")),
        api_server=Process("kube-apiserver", (*_api_server(folder, port, etcd_url), *further), folder, api_is_ready),
        controller_manager=Process(
            "kube-controller-manager", _controller_manager(folder, kubeconfig), folder, api_is_ready
        ),
    )


def _etcd(folder: Path, url: str, peer_port: int) -> tuple[str, ...]:
    peer = f"http://127.0.0.1:{peer_port}"
    return (
        "--name=test",
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls={url}",
        f"--advertise-client-urls={url}",
        f"--listen-peer-urls={peer}",
        f"--initial-advertise-peer-urls={peer}",
        f"--initial-cluster=test={peer}",
        "--unsafe-no-fsync",  # nothing has to outlast the test
        "--log-level=warn",
    )


def _api_server(folder: Path, port: int, etcd_url: str) -> tuple[str, ...]:
    return (
        f"--etcd-servers={etcd_url}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={folder / 'certificates'}",
        f"--tls-cert-file={folder / 'api.crt'}",
        f"--tls-private-key-file={folder / 'api.key'}",
        f"--client-ca-file={folder / 'ca.crt'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.0.0.0/24",
        "--endpoint-reconciler-type=none",  # loopback is no address that it would publish
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={folder / 'accounts.pub'}",
        f"--service-account-signing-key-file={folder / 'accounts.key'}",
        "--allow-privileged=true",
    )


def _controller_manager(folder: Path, kubeconfig: Path) -> tuple[str, ...]:
    return (
        f"--kubeconfig={kubeconfig}",
        f"--controllers={','.join(_CONTROLLERS)}",
        "--secure-port=0",
        "--leader-elect=false",
        f"--root-ca-file={folder / 'ca.crt'}",
        f"--service-account-private-key-file={folder / 'accounts.key'}",
        "--kube-api-qps=500",
        "--kube-api-burst=1000",
    )


def write_kubeconfig(
    path: Path, url: str, certificate_authority: Path, user: Mapping[str, str], namespace: str = "default"
) -> None:
    """Write a file as kubectl reads it, with one context called `test`."""
    content: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": "test", "cluster": {"server": url, "certificate-authority": str(certificate_authority)}},
        ],
        "users": [{"name": "test", "user": dict(user)}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": namespace}}],
        "current-context": "test",
    }
    _write(path, yaml.safe_dump(content).encode())


def _write_service_account_keys(folder: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    plain, form = serialization.NoEncryption(), serialization.PrivateFormat.PKCS8
    _write(folder / "accounts.key", key.private_bytes(serialization.Encoding.PEM, form, plain))
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    _write(folder / "accounts.pub", public)


def _write(path: Path, *parts: bytes) -> None:
    path.write_bytes(b"".join(parts))
    path.chmod(0o600)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _answers(url: str, authority: Path | None = None, certificates: tuple[Path, Path] | None = None) -> bool:
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the machine has no business with loopback
        session.verify = str(authority) if authority else False
        session.cert = (str(certificates[0]), str(certificates[1])) if certificates else None
        try:
            return session.get(url, timeout=5).ok
        except (requests.ConnectionError, requests.Timeout):
            return False


def main() -> None:
    """Keep a control plane, with our CRDs in it, for the processes of a test run."""
    from tests.servers.kubernetes import KubernetesServer

    folder = Path(sys.argv[1])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("asked to end"))
    with running(folder, prepare=lambda plane: KubernetesServer.of(plane.about(), folder).install_crds()) as plane:
        keep(folder, plane.about())


if __name__ == "__main__":
    main()
