"""What people install: built here, and run without the repository that it was built from."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel puts into site-packages."""
    folder = tmp_path_factory.mktemp("wheel")
    order = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(order, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "site-packages")
    return folder / "site-packages"


def test_everything_is_in_it_and_nothing_else(installed: Path) -> None:
    package = installed / "gitops_upgrader"
    inside = {path.relative_to(package).as_posix() for path in package.rglob("*") if path.is_file()}
    source = ROOT / "gitops_upgrader"
    modules = {path.relative_to(source).as_posix() for path in source.rglob("*.py")}
    examples = {f"_examples/{path.relative_to(ROOT / 'examples').as_posix()}" for path in _examples()}
    assert modules | examples | {"py.typed"} <= inside
    assert {path.name.partition("-")[0] for path in installed.iterdir()} == {"gitops_upgrader"}
    (entry_points,) = installed.glob("*.dist-info/entry_points.txt")
    assert entry_points.read_text(encoding="utf-8").split("\n")[:2] == [
        "[console_scripts]",
        "gitops-upgrader = gitops_upgrader.__main__:main",
    ]


def test_the_demonstration_runs_from_it(installed: Path, tmp_path: Path) -> None:
    script = "import gitops_upgrader; print(gitops_upgrader.__file__)"
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert Path(found.stdout.strip()).is_relative_to(installed)
    order = [sys.executable, "-m", "gitops_upgrader", "demo", "--keep", str(tmp_path / "kept")]
    done = subprocess.run(order, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "kept/fleet.git/gitops-upgrader/pulls/4.md").exists()


def _examples() -> list[Path]:
    return [path for path in (ROOT / "examples").rglob("*") if path.is_file()]
