"""What is made of an access log, whose lines begin and end in the middle of things."""

from __future__ import annotations

from pathlib import Path

from tests.bench.accounts import Log, of_gitea

LINE = '127.0.0.1 - u [23/Nov/2026:15:10:44 +0000] "%s HTTP/1.1" 200 9 "-" "%s"\n'
CALL = LINE % ("GET /api/v1/repos/o/fleet/pulls?page=1", "gitops-upgrader/0.1")
LOOK_UP = LINE % ("GET /o/fleet.git/info/refs?service=git-upload-pack", "git/2.39")
PUSH = LINE % ("GET /o/fleet.git/info/refs?service=git-receive-pack", "git/2.39")
STRANGER = LINE % ("GET /api/v1/repos/o/fleet/pulls", "curl/8")


def test_calls_are_counted_by_what_they_ask(tmp_path: Path) -> None:
    log = Log(tmp_path / "access.log")
    log.path.write_text(CALL + LOOK_UP + STRANGER + PUSH + CALL)

    assert of_gitea(log) == {"GET o/fleet/pulls": 2, "look-up": 1, "push": 1}


def test_a_look_that_began_before_is_left_out(tmp_path: Path) -> None:
    log = Log(tmp_path / "access.log")
    log.path.write_text(CALL + LOOK_UP + CALL + LOOK_UP + CALL)

    assert of_gitea(log, whole_looks=True) == {"GET o/fleet/pulls": 2, "look-up": 2}
