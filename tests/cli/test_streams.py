"""What is written where stdout or stderr can encode less than what there is to say."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from gitops_upgrader.cli.run import run
from gitops_upgrader.cli.streams import ESCAPE
from tests.cli.commandline import subprocess_run
from tests.need import need
from tests.reconcilers.directory import CLUSTER

ODD = "clusters/prod-東-\udcff.yaml"
"""The name of a file as Git and the operating system have it: a byte of it is no UTF-8."""
ENCODINGS = ("ascii", "latin-1", "cp1252", "utf-8")
OF_ONE = ("propose", "--repo", "fleet", "--cluster", "prod", "--to", "v1.34.2", "--dry-run")


@dataclass(frozen=True)
class Wrote:
    """What a command wrote, in the encoding of its streams."""

    status: int
    out: bytes
    err: bytes


class Streams:
    """Runs commands with streams of an encoding, which are as strict as a stream can be."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, encoding: str, *arguments: str) -> Wrote:
        """Run `gitops-upgrader ARGUMENTS`."""
        out, err = io.BytesIO(), io.BytesIO()
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding=encoding, errors="strict"))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding=encoding, errors="strict"))
            status = run(arguments)
            sys.stdout.flush()
            sys.stderr.flush()
            return Wrote(status, out.getvalue(), err.getvalue())


@pytest.fixture
def streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Streams:
    """A checkout `fleet` with prod in a file with an odd name, beside which the commands run."""
    file = tmp_path / "fleet" / ODD
    file.parent.mkdir(parents=True)
    text = CLUSTER.format(name="prod", namespace="fleet", version="v1.33.5", image="img-v1.33.5")
    file.write_text(f"# für 東京 🚀\n{text}", "utf-8")
    git = [str(need("git")), "-C", str(tmp_path / "fleet"), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for order in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "A cluster"]):
        subprocess.run([*git, *order], check=True)
    monkeypatch.chdir(tmp_path)
    return Streams(monkeypatch)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(
    "arguments",
    [("locate", "--repo", "fleet"), ("locate", "--repo", "fleet", "--cluster", "prod"), OF_ONE],
    ids=" ".join,
)
def test_json_is_json_whatever_the_encoding(arguments: tuple[str, ...], encoding: str, streams: Streams) -> None:
    wrote = streams(encoding, *arguments, "-o", "json")

    assert wrote.status == 0
    text = wrote.out.decode("utf-8")
    json.loads(text)
    assert "\\udcff" in text
    assert ("東" in text) is (encoding == "utf-8")


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", "clusters/prod-\\u6771-\\ufffd.yaml:10"),
        ("latin-1", "clusters/prod-\\u6771-\\ufffd.yaml:10"),
        ("cp1252", "clusters/prod-\\u6771-\\ufffd.yaml:10"),
        ("utf-8", "clusters/prod-東-\N{REPLACEMENT CHARACTER}.yaml:10"),
    ],
)
def test_a_table_has_escapes_for_what_the_terminal_lacks(encoding: str, shown: str, streams: Streams) -> None:
    wrote = streams(encoding, "locate", "--repo", "fleet")

    assert (wrote.status, wrote.err) == (0, b"")
    assert shown in wrote.out.decode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_notes_errors_and_the_log_have_escapes(encoding: str, streams: Streams) -> None:
    explained = streams(encoding, *OF_ONE, "--explain", "-vv")
    refused = streams(encoding, "validate", "東\udcff")

    assert explained.status == 0
    assert "this is Cluster fleet/prod" in explained.err.decode(encoding)
    assert refused.status == 1
    assert ("東" if encoding == "utf-8" else "\\u6771") in refused.out.decode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("arguments", [("crds",), ("install",), (*OF_ONE, "-o", "diff")], ids=" ".join)
def test_what_programs_read_is_utf_8_whatever_the_encoding(
    arguments: tuple[str, ...], encoding: str, streams: Streams
) -> None:
    """`kubectl apply` and `git apply` know nothing of the locale that it was written in."""
    wrote = streams(encoding, *arguments)

    assert wrote.status == 0
    assert wrote.out == streams("utf-8", *arguments).out
    wrote.out.decode("utf-8")


def test_a_pattern_of_the_schemas_comes_through(streams: Streams) -> None:
    written = streams("latin-1", "crds").out.decode("utf-8")

    assert "µs" in written
    assert len(list(yaml.safe_load_all(written))) > 5


def test_a_workflow_gets_its_outputs(streams: Streams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary, outputs = tmp_path / "summary.md", tmp_path / "outputs"
    for name, value in {
        "GITHUB_STEP_SUMMARY": str(summary),
        "GITHUB_OUTPUT": str(outputs),
        "INPUT_CLUSTER": "prod",
        "INPUT_TO": "v1.34.2",
        "INPUT_REPOSITORY": "fleet",
        "INPUT_DRY_RUN": "true",
    }.items():
        monkeypatch.setenv(name, value)

    assert streams("ascii", "action", "propose").status == 0
    assert "v1.34.2" in summary.read_text("utf-8")
    assert "-\\udcff.yaml" in outputs.read_text("utf-8")


def test_what_init_writes_can_be_read(streams: Streams, tmp_path: Path) -> None:
    arguments = ("init", "--repo", "fleet", "--output", "first", "--packages", "http://127.0.0.1:9")

    assert streams("ascii", *arguments).status == 0
    text = (tmp_path / "first" / "upgraders.yaml").read_text("utf-8")
    assert "# Cluster fleet/prod, whose version is in clusters/prod-東-\N{REPLACEMENT CHARACTER}.yaml." in text


def test_in_the_locale_c(tmp_path: Path) -> None:
    bare = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    ran = subprocess_run("locate", "--repo", "é.git", cwd=tmp_path, environ=bare)

    assert ran.status == 1
    assert "There is no folder" in ran.err
    assert "\\ufffd\\ufffd.git" in ran.err


def test_only_what_is_encoded_is_escaped() -> None:
    with pytest.raises(UnicodeDecodeError):
        b"\xff".decode("utf-8", ESCAPE)
    assert "\N{ROCKET}é".encode("ascii", ESCAPE) == b"\\ud83d\\ude80\\u00e9"
