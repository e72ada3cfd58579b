"""`versions`: a package repository's releases, one a line."""

from __future__ import annotations

from collections.abc import Iterator

import pysequoia
import pytest

from tests import debian
from tests.cli.commandline import CommandLine
from tests.reconcilers.directory import Fleet


@pytest.fixture
def site() -> Iterator[debian.Site]:
    made = debian.Site()
    made.files |= debian.flat("/1.34/", debian.packages("1.34.10-1.1", "1.34.2-1.1"))
    made.files |= debian.flat("/1.33/", debian.packages("1.33.5-1.1"))
    with debian.serve(made) as running:
        yield running


def test_ascending_one_a_line(gitops_upgrader: CommandLine, site: debian.Site) -> None:
    ran = gitops_upgrader("versions", f"{site.url}/1.34/", f"{site.url}/1.33/")

    assert (ran.status, ran.out, ran.err) == (0, "v1.33.5\nv1.34.2\nv1.34.10\n", "")


def test_in_a_range_and_in_json(gitops_upgrader: CommandLine, site: debian.Site) -> None:
    urls = (f"{site.url}/1.34/", f"{site.url}/1.33/")

    assert gitops_upgrader("versions", *urls, "--range", ">=1.34.3").out == "v1.34.10\n"
    nothing = gitops_upgrader("versions", *urls, "--range", "1.35.x")
    assert (nothing.status, nothing.out) == (0, "")
    assert nothing.err == "note: none of the 3 versions is in 1.35.x; the newest is v1.34.10.\n"
    assert gitops_upgrader("versions", *urls, "-o", "json").json == {
        "apiVersion": "gitops-upgrader/v1",
        "versions": ["v1.33.5", "v1.34.2", "v1.34.10"],
    }


def test_another_architecture(gitops_upgrader: CommandLine, site: debian.Site) -> None:
    assert gitops_upgrader("versions", f"{site.url}/1.33/", "--architecture", "arm64").out == "v1.33.5\n"
    nothing = gitops_upgrader("versions", f"{site.url}/1.33/", "--architecture", "s390x")
    assert (nothing.status, nothing.out) == (0, "")
    assert nothing.err == "note: there is no kubeadm package for the architecture s390x. Check it, and the URL.\n"
    assert gitops_upgrader("versions", f"{site.url}/1.33/", "--architecture", "s390x", "-q").err == ""


def test_signed_or_not(gitops_upgrader: CommandLine, fleet: Fleet, site: debian.Site) -> None:
    key = pysequoia.Tsk.generate("Packages <packages@example.org>")
    site.files |= debian.flat("/signed/", debian.packages("1.34.2-1.1"), key)
    keyring = fleet.folder / "keys.asc"
    keyring.write_text(str(key.extract_certificate()))

    signed = gitops_upgrader("versions", f"{site.url}/signed/", "--signed-by", "keys.asc")
    unsigned = gitops_upgrader("versions", f"{site.url}/1.33/", "--signed-by", "keys.asc")

    assert (signed.status, signed.out) == (0, "v1.34.2\n")
    assert (unsigned.status, unsigned.out) == (1, "")
    assert unsigned.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonsense"], "nonsense: the URL has no scheme. Write a URL that begins with https:// or http://."),
        (["http://127.0.0.1:9/deb/"], "the server cannot be reached"),
        (["http://127.0.0.1:9/deb/", "--range", "x1"], "'x1' is no range of versions"),
        (["http://127.0.0.1:9/deb/", "--signed-by", "nowhere"], "nowhere"),
        (["http://127.0.0.1:9/deb/", "--timeout", "0"], "--timeout"),
        ([], "URL..."),
    ],
)
def test_mistakes(gitops_upgrader: CommandLine, arguments: list[str], said: str) -> None:
    ran = gitops_upgrader("versions", *arguments)

    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1
    assert said in ran.err
