"""`install`: what it prints, and what it refuses."""

from __future__ import annotations

import pytest
import yaml

from gitops_upgrader.runtime.installation import Installation, render
from tests.cli.commandline import CommandLine


def test_it_prints_a_stream_for_kubectl_and_nothing_else(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader("install")

    assert (ran.status, ran.out, ran.err) == (0, render(Installation()), "")


def test_its_options(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(
        *("install", "--image", "registry.example.com/upgrader:1", "--namespace", "upgrades", "--instance", "eu"),
        *("--watch-namespace", "red", "--watch-namespace", "blue", "--watch-namespace", "red", "--pod-monitor"),
    )

    wanted = Installation("registry.example.com/upgrader:1", "upgrades", ("blue", "red"), "eu", pod_monitor=True)
    assert (ran.status, ran.out, ran.err) == (0, render(wanted), "")
    assert all(yaml.safe_load_all(ran.out))


def test_shards_are_values_of_one_label(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader("install", *("--shard", "a.example/k_1=red"), *("--shard", "a.example/k_1=blue") * 2)

    wanted = Installation(shard_key="a.example/k_1", shards=("blue", "red"))
    assert (ran.status, ran.out, ran.err) == (0, render(wanted), "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--shard", "red"), "'red' names no shard: write KEY=VALUE"),
        (("--shard", "key=Red"), "'key=Red' names no shard"),
        (("--shard", f"key={'a' * 41}"), "names no shard"),
        (("--shard", "a/b/c=red"), "names no shard"),
        (("--shard", "one=red", "--shard", "two=red"), "one label splits a fleet, and these are one and two."),
        (("--namespace", "Fleet"), "'Fleet' is no name of a namespace"),
        (("--namespace", ""), "'' is no name of a namespace"),
        (("--namespace", "a\nb"), "is no name of a namespace"),
        (("--watch-namespace", "-x"), "'-x' is no name of a namespace"),
        (("--watch-namespace", "a" * 64), "is no name of a namespace"),
        (("--image", "two words"), "'two words' names no container image."),
        (("--kubeconfig", "absent"), "There is no kubeconfig at absent."),
    ],
)
def test_a_mistake_prints_nothing_that_could_be_applied(
    arguments: tuple[str, ...], said: str, gitops_upgrader: CommandLine
) -> None:
    ran = gitops_upgrader("install", *arguments)

    assert (ran.status, ran.out) == (1, "")
    assert said in ran.err
    assert ran.err.count("\n") == 1
