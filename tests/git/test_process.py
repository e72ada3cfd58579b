from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gitops_upgrader.errors import AnswerTooLarge, GitMissing, GitTimeout
from gitops_upgrader.git import process
from gitops_upgrader.git.process import run

ENVIRONMENT = {"PATH": os.environ["PATH"], "KEY": "value"}


def python(code: str, timeout: float = 120) -> process.Completed:
    return run([sys.executable, "-S", "-c", code], environment=ENVIRONMENT, timeout=timeout)


def test_what_a_program_says_is_kept_apart() -> None:
    done = python("import os, sys; print(os.environ['KEY']); print('oh', file=sys.stderr); sys.exit(3)")
    assert (done.status, done.out, done.err) == (3, b"value\n", "oh\n")


def test_nothing_of_our_environment_and_no_terminal_is_passed_on() -> None:
    done = python("import os, sys; print(sorted(os.environ)); print(sys.stdin.read() == '')")
    assert b"HOME" not in done.out
    assert done.out.endswith(b"True\n")


def test_both_streams_are_read_at_once() -> None:
    done = python("import sys\nfor n in range(200): sys.stderr.write('e' * 1000); sys.stdout.write('o' * 1000)")
    assert (len(done.out), len(done.err)) == (200_000, 200_000)


def test_too_much_of_an_answer_is_an_error_and_of_a_complaint_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MAX_ANSWER", 1000)
    monkeypatch.setattr(process, "MAX_COMPLAINT", 1000)
    with pytest.raises(AnswerTooLarge):
        python("import sys\nwhile True: sys.stdout.write('x' * 1000)")
    assert len(python("import sys; sys.stderr.write('x' * 100000)").err) == 1000


def test_the_whole_group_is_killed_after_the_timeout(tmp_path: Path) -> None:
    """The program's own child holds a pipe open: its end is seen when the child is gone, and not before.

    On a busy machine the child may not get as far as that; then both are given more time.
    """
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    child = f"import time; held = open({str(pipe)!r}, 'wb', 0); held.write(b'x'); time.sleep(600)"
    written = b""
    for seconds in (1, 5, 20):
        with pytest.raises(GitTimeout, match=rf"longer than {seconds} seconds") as caught:
            python(f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {child!r}])", timeout=seconds)
        assert caught.value.transient
        os.set_blocking(reader, True)
        if written := os.read(reader, 10):
            break
        os.set_blocking(reader, False)
    assert written == b"x"
    assert os.read(reader, 10) == b""
    os.close(reader)


def test_a_program_that_cannot_be_started_is_missing(tmp_path: Path) -> None:
    with pytest.raises(GitMissing, match="cannot be started"):
        run([str(tmp_path / "nowhere")], environment={}, timeout=1)
