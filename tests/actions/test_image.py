"""The container image's recipe. It is built by CI; here it is read, and judged by hadolint."""

from __future__ import annotations

import fnmatch
import re
import subprocess

import pytest

from tests.actions import programs
from tests.actions.files import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LAST = DOCKERFILE.rpartition("\nFROM ")[2]


def test_what_is_copied_exists_and_is_sent_to_the_builder() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    kept = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()
    }
    assert copied == kept
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert ignored[1] == "*"


def test_the_wheel_finds_everything_that_it_is_made_of() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needed = {
        "pyproject.toml",
        *re.findall(r'^(?:readme = |license-files = \[|packages = \[)"([^"]+)"', project, re.MULTILINE),
    }
    forced = project.partition("wheel.force-include]\n")[2].partition("\n\n")[0]
    needed |= set(re.findall(r'^"([^"]+)" =', forced, re.MULTILINE))
    copied = " ".join(re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)).split()
    assert needed <= set(copied)


def test_it_runs_without_rights() -> None:
    assert re.search(r"^USER 65532:65532$", LAST, re.MULTILINE)
    assert LAST.index("USER ") < LAST.index("ENTRYPOINT ")
    assert '\nENTRYPOINT ["gitops-upgrader"]\n' in LAST


def test_git_and_ssh_are_in_it_and_no_compiler() -> None:
    (line,) = re.findall(r"apt-get install .*?--no-install-recommends (.*?) \\", LAST)
    assert line.split() == ["ca-certificates", "git", "openssh-client"]
    assert not any(fnmatch.fnmatch(name, pattern) for name in line.split() for pattern in ("gcc*", "build-*", "*-dev"))


def test_dependencies_come_with_their_hashes_and_ready_built() -> None:
    assert "--require-hashes --only-binary :all: -r requirements.txt" in DOCKERFILE
    assert len(re.findall(r"pip install", DOCKERFILE)) == 2
    assert re.search(r"pip install [^&]*--no-deps \.", DOCKERFILE)


@pytest.mark.servers
def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([programs.hadolint(), ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
