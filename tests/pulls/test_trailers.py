"""Trailers: what git-interpret-trailers(1) reads too, and nothing that only looks like them."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.model import Target
from gitops_upgrader.pulls.trailers import Trailers, read, render
from gitops_upgrader.versions import Version
from tests.need import need

OURS = Trailers("fleet/prod", Target(Version.parse("v1.34.2+rke2r1"), "img v1.34.2: a, b"))
IMAGES = st.none() | st.from_regex(r"[!-~](?:[ -~]{0,30}[!-~])?", fullmatch=True)


@given(st.sampled_from(["fleet/prod", "cluster/-/prod", "cluster/fleet/prod"]), IMAGES)
def test_what_is_written_is_read(proposer: str, image: str | None) -> None:
    trailers = Trailers(proposer, Target(Version.parse("v1.34.2"), image))

    assert read(f"Subject\n\nA body.\n\n{render(trailers)}\n") == trailers
    assert read(f"Subject\n\n{render(trailers)}\nSigned-off-by: a <a@b>\n\n\n") == trailers
    assert read(f"Subject\r\n\r\n{render(trailers)}".replace("\n", "\r\n").replace("\r\r", "\r")) in (trailers, None)


def test_git_reads_them_too() -> None:
    message = f"Subject\n\nA body.\n\n{render(OURS)}\nSigned-off-by: a <a@b>\n"

    done = subprocess.run(
        [need("git"), "interpret-trailers", "--parse"], input=message, capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[:2] == render(OURS).splitlines()


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Subject",
        f"Subject\n\n{render(OURS)}\n\nA paragraph that somebody added",
        "Subject\n\nGitops-Upgrader: fleet/prod",
        "Subject\n\nGitops-Upgrader-Target: v1.34.2",
        "Subject\n\nGitops-Upgrader: fleet/prod\nGitops-Upgrader-Target: soon",
        "Subject\n\n> Gitops-Upgrader: fleet/prod\n> Gitops-Upgrader-Target: v1.34.2",
    ],
)
def test_no_trailers(message: str) -> None:
    assert read(message) is None
