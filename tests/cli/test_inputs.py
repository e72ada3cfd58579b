"""The action's inputs become arguments, one each, whatever is in them."""

from __future__ import annotations

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.cli import inputs, propose
from gitops_upgrader.errors import UsageError

HOSTILE = ("$(id)", "`id`", "'\"", "; id", "a\nb", "--repo=x", "${{ github.token }}", "\\", "*", "~", "é\u2028")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, []),
        ({"INPUT_MANIFESTS": "", "INPUT_CLUSTER": "  ", "INPUT_DRY_RUN": ""}, []),
        ({"INPUT_MANIFESTS": "a\n\n  b c \n"}, ["--manifests=a", "--manifests=b c"]),
        ({"INPUT_CLUSTER": "prod", "INPUT_TO": "v1.34.2\n"}, ["--cluster=prod", "--to=v1.34.2", "--repo=."]),
        ({"INPUT_CLUSTER": "prod", "INPUT_REPOSITORY": "x"}, ["--cluster=prod", "--repo=x"]),
        ({"INPUT_MANIFESTS": "a", "INPUT_UPGRADER": "x\ny"}, ["--manifests=a", "--upgrader=x", "--upgrader=y"]),
        ({"INPUT_DRY_RUN": "True"}, ["--dry-run"]),
        ({"INPUT_DRY_RUN": "true", "RUNNER_DEBUG": "1"}, ["--dry-run", "-vv"]),
        ({"INPUT_DRY_RUN": "false"}, []),
        ({"INPUT_ARGS": "--explain -o 'json' \"a b\""}, ["--explain", "-o", "json", "a b"]),
        ({"INPUT_ARGS": "$(id) `id` $HOME"}, ["$(id)", "`id`", "$HOME"]),
    ],
)
def test_arguments(environ: dict[str, str], expected: list[str]) -> None:
    assert inputs.arguments(environ) == expected


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("name", ["CLUSTER", "TO", "IMAGE", "VARIABLE", "REPOSITORY", "BRANCH", "PROVIDER", "INSTANCE"])
def test_a_value_is_one_argument(name: str, value: str) -> None:
    found = inputs.arguments({f"INPUT_{name}": value, "INPUT_REPOSITORY": value})
    assert [argument for argument in found if argument.partition("=")[2] != value] == []


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_no_value_becomes_an_option_of_its_own(value: str) -> None:
    found = inputs.arguments({"INPUT_MANIFESTS": value, "INPUT_IMAGE": value})
    assert all(argument.startswith(("--manifests=", "--image=")) for argument in found)


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"INPUT_DRY_RUN": "yes"}, "The input dry-run is 'yes'. Write true or false."),
        ({"INPUT_ARGS": "--image 'x"}, "The input args cannot be read: No closing quotation. Close its quotes."),
    ],
)
def test_what_makes_no_sense_is_refused(environ: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        inputs.arguments(environ)
    assert str(caught.value) == message


def test_every_input_has_its_option() -> None:
    there = {name for option in propose.command.params if isinstance(option, click.Option) for name in option.opts}
    environ = {f"INPUT_{name}": "true" for name in (*inputs._ONE, *inputs._SEVERAL, *inputs._SWITCHES)}
    assert {argument.partition("=")[0] for argument in inputs.arguments(environ)} <= there


OWN = {"INPUT_TOKEN": "t", "INPUT_OWN_TOKEN": "true", "GITHUB_SERVER_URL": "https://git.example.org"}
OTHER = {**OWN, "INPUT_OWN_TOKEN": "false"}
GITEA = {"GITEA_URL": "https://git.example.org", "GITHUB_SERVER_URL": "", "GITHUB_TOKEN": ""}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, {}),
        ({"INPUT_PROVIDER": "gitea"}, {}),
        (OWN, {"GITHUB_TOKEN": "t"}),
        ({**OWN, "INPUT_PROVIDER": "github"}, {"GITHUB_TOKEN": "t"}),
        ({**OTHER, "INPUT_PROVIDER": "gitea"}, {"GITEA_TOKEN": "t"}),
        ({**OTHER, "INPUT_PROVIDER": "gitlab"}, {"GITLAB_TOKEN": "t"}),
        ({**OTHER, "INPUT_PROVIDER": "none"}, {}),
        # GitHub's own token is nothing that a Gitea server should see.
        ({**OWN, "INPUT_PROVIDER": "gitea"}, {}),
        ({**OWN, "GITEA_ACTIONS": "true"}, {**GITEA, "GITEA_TOKEN": "t"}),
        ({**OWN, "FORGEJO_ACTIONS": "true"}, {**GITEA, "GITEA_TOKEN": "t"}),
        ({**OWN, "FORGEJO_ACTIONS": "true", "INPUT_PROVIDER": "github"}, GITEA),
        ({**OTHER, "FORGEJO_ACTIONS": "true", "INPUT_PROVIDER": "github"}, {**GITEA, "GITHUB_TOKEN": "t"}),
    ],
)
def test_a_token_is_for_its_own_kind_of_server(environ: dict[str, str], expected: dict[str, str]) -> None:
    assert inputs.credentials(environ) == expected
