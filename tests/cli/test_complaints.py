"""One line for each cause."""

from __future__ import annotations

import pytest

from gitops_upgrader.api import GROUP
from gitops_upgrader.cli.complaints import causes, complaints
from gitops_upgrader.errors import ClusterNotFound, InvalidObject, SourceUnreachable, UpgraderError, Where
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.reconcilers.fleet import Failure, Report
from tests.cli.commandline import CommandLine
from tests.reconcilers.directory import SYNCER, Fleet

SOURCE = ObjectKey(GROUP, "DebianRepositorySource", "fleet", "kubernetes")
MORE = ObjectKey(GROUP, "MachineImageSyncer", "fleet", "ubuntu")
DEBIAN = "{apiVersion: OURS, kind: DebianRepositorySource, name: kubernetes}"


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ([], []),
        (["a", "b", "a"], ["a", "b"]),
        (["Plan p: no images: Source s: down.", "Source s: down."], ["Source s: down."]),
        (["Source s: down.", "Plan p: Source s: down.", "Plan q: Source s: down."], ["Source s: down."]),
        (["down.", "Source s is down."], ["down.", "Source s is down."]),
    ],
)
def test_causes(texts: list[str], told: list[str]) -> None:
    assert list(causes(texts)) == told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            SourceUnreachable("it is down.", where=Where(file="http://a/b")),
            "DebianRepositorySource fleet/kubernetes: http://a/b: it is down.",
        ),
        (
            InvalidObject("it is wrong.", where=Where(object="Plan fleet/a")),
            "Plan fleet/a: it is wrong.",
        ),
    ],
)
def test_what_is_wrong_names_its_object(error: UpgraderError, told: str) -> None:
    assert complaints(Report((), (Failure(SOURCE, error),)), ()) == (told,)


def test_files_come_first_as_the_rest_may_follow_from_them() -> None:
    wrong = InvalidObject("it is wrong.", where=Where(file="a.yaml", line=3))
    missing = ClusterNotFound("there is none.", where=Where(object="Cluster fleet/a"))

    assert complaints(Report((), (Failure(MORE, missing),)), (wrong,)) == (
        "a.yaml:3: it is wrong.",
        "Cluster fleet/a: there is none.",
    )


@pytest.mark.parametrize("command", ["propose", "plan", "status"])
def test_a_source_that_does_not_answer_is_one_error(command: str, fleet: Fleet, gitops_upgrader: CommandLine) -> None:
    fleet.write(
        "source.yaml",
        """\
apiVersion: OURS
kind: DebianRepositorySource
metadata: {name: kubernetes, namespace: fleet}
spec: {url: "http://127.0.0.1:1/deb/Packages", architecture: amd64}
""",
        SYNCER.replace("{apiVersion: v1, kind: ConfigMap, name: versions}", DEBIAN).replace("images", "more", 1),
    )

    ran = gitops_upgrader(command, "-m", "upgrades", "--repo", "fleet.git", "--provider", "none", "-o", "json")
    text = gitops_upgrader(command, "-m", "upgrades", "--repo", "fleet.git", "--provider", "none")

    assert len([error for error in ran.json["errors"] if "127.0.0.1:1" in error["message"]]) > 1
    assert text.err.count("127.0.0.1:1") == 1
    assert (ran.status, text.status) == (1, 1)
