"""The action's installer: what it says, where it puts things, and what it refuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.actions.files import ACTION, ROOT

INSTALL = ACTION / "install.py"
REQUIREMENTS = (ROOT / "requirements.txt").read_text(encoding="utf-8")


def _run(tmp_path: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    outputs = tmp_path / "outputs"
    outputs.touch()
    return subprocess.run(
        [sys.executable, str(INSTALL), *arguments],
        env={**os.environ, "RUNNER_TOOL_CACHE": str(tmp_path / "tools"), "GITHUB_OUTPUT": str(outputs), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def _outputs(tmp_path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (tmp_path / "outputs").read_text().splitlines())


def test_it_tells_where_the_environment_belongs(tmp_path: Path) -> None:
    assert _run(tmp_path, "locate").returncode == 0
    found = _outputs(tmp_path)
    folder = Path(found["folder"])
    assert folder.parent == tmp_path / "tools" / "gitops-upgrader"
    assert found == {"folder": str(folder), "key": f"gitops-upgrader-{folder.name}", "present": "false"}
    folder.mkdir(parents=True)
    _run(tmp_path, "locate")
    assert _outputs(tmp_path)["present"] == "true"


def test_what_is_there_is_not_installed_again(tmp_path: Path) -> None:
    _run(tmp_path, "locate")
    folder = Path(_outputs(tmp_path)["folder"])
    folder.mkdir(parents=True)
    assert _run(tmp_path, "install").returncode == 0
    assert list(folder.iterdir()) == []


def test_an_index_out_of_reach_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    index = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_NO_INDEX": "", "PIP_FIND_LINKS": "", "PIP_RETRIES": "0"}
    done = _run(tmp_path, "install", PIP_CONFIG_FILE=os.devnull, PIP_NO_CACHE_DIR="1", **index)
    assert done.returncode == 1
    assert re.search(
        r"^::error title=gitops-upgrader::.+ -m pip failed, see above\. Check that", done.stdout, re.MULTILINE
    )
    assert "Traceback" not in done.stdout + done.stderr
    assert list((tmp_path / "tools" / "gitops-upgrader").iterdir()) == []


def test_a_python_that_is_too_old_says_so(tmp_path: Path) -> None:
    old = (
        "import runpy, sys; sys.version_info = (3, 8, 10); sys.argv = ['x', 'locate']; "
        f"runpy.run_path({str(INSTALL)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", old], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout.startswith("::error title=gitops-upgrader::gitops-upgrader needs Python 3.11 or newer, and ")
    assert done.stderr == ""


def test_it_says_what_it_can_do(tmp_path: Path) -> None:
    done = _run(tmp_path)
    assert (done.returncode, done.stdout) == (1, "::error title=gitops-upgrader::Say locate or install.\n")


def _pinned() -> dict[str, Version]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", REQUIREMENTS, re.MULTILINE)
    return {canonicalize_name(name): Version(version) for name, version in found}


def test_every_dependency_is_pinned_at_a_version_that_fits() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pinned = _pinned()
    wrong = [
        text
        for requirement, text in ((Requirement(text), text) for text in project["dependencies"])
        if (pinned.get(canonicalize_name(requirement.name)) or Version("0")) not in requirement.specifier
    ]
    assert wrong == [], "requirements.txt is older than pyproject.toml: run make lock"


def test_every_pin_has_its_hashes() -> None:
    entries = re.split(r"\n(?=[A-Za-z0-9])", REQUIREMENTS.partition("`make lock`.\n")[2])
    assert len(entries) == len(_pinned())
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in REQUIREMENTS


@pytest.mark.servers
def test_what_it_installs_runs_the_program(tmp_path: Path) -> None:
    from tests.need import MACHINE  # to reach the package index

    pip = {name: value for name, value in MACHINE.items() if name.startswith("PIP_") or name.lower().endswith("_proxy")}
    done = _run(tmp_path, "install", **pip)
    assert done.returncode == 0, done.stdout + done.stderr
    _run(tmp_path, "locate")
    python = Path(_outputs(tmp_path)["folder"]) / "bin" / "python"
    done = subprocess.run(
        [python, "-m", "gitops_upgrader", "--version"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONSAFEPATH": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("gitops-upgrader ")


@pytest.mark.servers
@pytest.mark.parametrize("python", ["3.11", "3.14"])
def test_everything_is_ready_built_for_arm_too(tmp_path: Path, python: str) -> None:
    """Runners have no compilers for Rust and C. Asked of the index; nothing is downloaded but descriptions."""
    from tests.need import MACHINE  # to reach the package index

    pins = tmp_path / "pins.txt"
    pins.write_text("".join(f"{name}=={version}\n" for name, version in _pinned().items()))
    platforms = [f"--platform=manylinux{form}_aarch64" for form in ("_2_28", "2014")]
    order = ["--dry-run", "--quiet", "--no-deps", "--ignore-installed", "--only-binary=:all:", *platforms]
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install"]
    done = subprocess.run(
        [*pip, *order, f"--python-version={python}", f"--target={tmp_path / 'none'}", f"--requirement={pins}"],
        env=dict(MACHINE),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
