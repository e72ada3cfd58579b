"""What `make test` runs: the hermetic tests, and the floors that branch coverage must keep.

    python tests/run.py [ARGUMENT OF PYTEST]...
    python tests/run.py servers [ARGUMENT OF PYTEST]...

Code that has a floor keeps it by its own tests, and only while those run is coverage measured: tracing every line of
everything else takes as long as half of all tests. With arguments pytest runs what they select, and no floor is judged;
`--cov` among them measures what that covers. The second form is `make test-servers`: the tests with real servers.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent

FLOORS: Final[Mapping[str, float]] = {
    "gitops_upgrader/versions/": 100.0,
    "gitops_upgrader/plans/": 100.0,
    "gitops_upgrader/manifests/": 100.0,
    "gitops_upgrader/pulls/decide.py": 100.0,
}
"""A file, or a folder with everything in it, and the percentage of lines and branches that its own tests must run.

What is pure has no excuse for a line that no test runs.
"""

_SHOWN: Final = 20
"""How many places one floor's message names."""


def main(arguments: Sequence[str]) -> int:
    """Run the tests, then judge coverage. Returns pytest's exit status; 1 where a floor is not kept."""
    if arguments[:1] == ["servers"]:
        return _pytest("servers", *arguments[1:])
    if arguments:
        return _hermetic(*arguments)
    own = [own_tests(prefix) for prefix in FLOORS]
    measured = _hermetic("--cov", "--cov-report=", *own)
    if measured not in {0, _TESTS_FAILED}:
        return measured
    others = _hermetic(*(f"--ignore={path}" for path in own))
    if measured == 0:
        measured = _judge(coverage_report()["files"])
    return measured or others


_TESTS_FAILED: Final = 1
"""What pytest ends with where it ran to the end and some test failed."""


def own_tests(prefix: str) -> str:
    """Where the tests of code with a floor are, a folder for a folder and a module for a module: they mirror it."""
    path = PurePosixPath("tests", *PurePosixPath(prefix).parts[1:])
    return str(path.with_name(f"test_{path.name}") if path.suffix else path)


def _judge(files: Mapping[str, Any]) -> int:
    broken = list(shortfalls(files, FLOORS))
    for sentence in broken:
        print(sentence, file=sys.stderr)
    if not broken:
        print("coverage:", ", ".join(f"{prefix} {floor:g} %" for prefix, floor in FLOORS.items()))
    return 1 if broken else 0


def _hermetic(*arguments: str) -> int:
    return _pytest("not servers", "-n", "auto", *arguments)


def _pytest(marker: str, *arguments: str) -> int:
    order = [sys.executable, "-m", "pytest", "-m", marker, *arguments]
    return subprocess.run(order, cwd=ROOT, check=False, env=environment()).returncode


def environment() -> Mapping[str, str]:
    """The environment of the tests: their scratch files are in memory, where the machine has a file system for that.

    Thousands of small repositories are made and synchronised to the disk, which many disks are slow at. And compiled
    modules are kept, whatever the machine has set: hundreds of processes begin with the same ones.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    memory = Path("/dev/shm")
    if "TMPDIR" in inherited or not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < _ROOM:
        return inherited
    if os.statvfs(memory).f_flag & os.ST_NOEXEC:  # as in many containers; hooks could not run there
        return inherited
    return {**inherited, "TMPDIR": str(memory)}


_ROOM: Final = 2 * 1024**3
"""Bytes that have to be free in memory for that."""


def coverage_report() -> Mapping[str, Any]:
    """What coverage has measured, as `coverage json` writes it."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "coverage.json"
        order = [sys.executable, "-m", "coverage", "json", "--quiet", "-o", str(target)]
        subprocess.run(order, cwd=ROOT, check=True)
        report: Mapping[str, Any] = json.loads(target.read_text(encoding="utf-8"))
        return report


def shortfalls(files: Mapping[str, Any], floors: Mapping[str, float]) -> Iterator[str]:
    """Each floor that is not kept, as a sentence, with the places that no test reaches."""
    for prefix, floor in floors.items():
        measured = {path: file for path, file in files.items() if path.startswith(prefix)}
        if not measured:
            yield f"{prefix}: nothing of it was measured, although its floor is {floor:g} %. Correct FLOORS."
            continue
        percentage = _percentage(measured.values())
        if percentage < floor:
            places = [place for path, file in sorted(measured.items()) for place in _places(path, file)]
            listed = places[:_SHOWN] + ([f"and {len(places) - _SHOWN} more"] if len(places) > _SHOWN else [])
            reached = f"its own tests reach {percentage:.2f} % of its lines and branches"
            yield "\n  ".join((f"{prefix}: {reached}; its floor is {floor:g} %.", *listed))


def _percentage(files: Iterable[Any]) -> float:
    summaries = [file["summary"] for file in files]
    total = sum(summary["num_statements"] + summary["num_branches"] for summary in summaries)
    reached = sum(summary["covered_lines"] + summary["covered_branches"] for summary in summaries)
    return 100.0 * reached / total if total else 100.0


def _places(path: str, file: Mapping[str, Any]) -> Iterator[str]:
    missing = set(file["missing_lines"])
    for line in sorted(missing):
        yield f"{path}:{line} is never run"
    for begin, end in file["missing_branches"]:
        if begin not in missing:
            where = f"line {end}" if end > 0 else "the end of the function"
            yield f"{path}:{begin} never goes on to {where}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
