"""The inputs of the action, from the environment to a command line. Nothing of this passes through a shell."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Final

from gitops_upgrader.errors import UsageError
from gitops_upgrader.forges.environment import TOKENS

_ONE: Final = {
    "CLUSTER": "--cluster",
    "TO": "--to",
    "IMAGE": "--image",
    "VARIABLE": "--variable",
    "RETRY": "--retry",
    "REPOSITORY": "--repo",
    "BRANCH": "--branch",
    "PROVIDER": "--provider",
    "INSTANCE": "--instance",
    "KUBECONFIG": "--kubeconfig",
    "CONTEXT": "--context",
}
"""Inputs with one value, and their options."""

_SEVERAL: Final = {"MANIFESTS": "--manifests", "UPGRADER": "--upgrader", "PATH": "--path", "NAMESPACE": "--namespace"}
"""Inputs with one value a line."""

_SWITCHES: Final = {"DRY_RUN": "--dry-run"}

_BLANK: Final = " \t\r\n"

_TRUTH: Final = {"true": True, "false": False, "": False}


def arguments(environ: Mapping[str, str]) -> list[str]:
    """The arguments for `propose`. An empty input is as good as none; white space around a value does not count.

    Each value is joined to its option, so that none can be read as an option of its own. Where somebody re-runs the
    job with debug logging (RUNNER_DEBUG, docs.github.com, "Store information in variables"), more is said.

    Raises:
        UsageError: a switch is neither true nor false, or the quotes of `args` are not closed.
    """
    found = []
    for name, option in _SEVERAL.items():
        found += [f"{option}={line}" for line in _lines(_input(environ, name))]
    for name, option in _ONE.items():
        if value := _input(environ, name):
            found.append(f"{option}={value}")
    if _input(environ, "CLUSTER") and not _input(environ, "REPOSITORY"):
        found.append("--repo=.")
    found += [option for name, option in _SWITCHES.items() if is_true(environ, name)]
    if environ.get("RUNNER_DEBUG") == "1":
        found.append("-vv")
    return [*found, *_words(_input(environ, "ARGS"))]


def is_true(environ: Mapping[str, str], name: str) -> bool:
    """The value of a switch, as YAML's core schema spells it; false where it is not set.

    Raises:
        UsageError: it is something else.
    """
    text = _input(environ, name)
    if text.lower() not in _TRUTH:
        shown = name.lower().replace("_", "-")
        raise UsageError(f"The input {shown} is {text!r}.", remedy="Write true or false.")
    return _TRUTH[text.lower()]


def credentials(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that carry the token, as the command line looks for them; an empty one is to be unset.

    Gitea's and Forgejo's runners speak of their server in GitHub's variables, the token included. Said in Gitea's, it
    is known of which kind the server is, and no other server gets the token. A workflow's own token is for the server
    that made it: where `provider` names another kind of forge, nobody gets it.
    """
    own_forge = "gitea" if "true" in {environ.get("GITEA_ACTIONS"), environ.get("FORGEJO_ACTIONS")} else "github"
    found = {}
    if own_forge == "gitea":
        found = {"GITEA_URL": environ.get("GITHUB_SERVER_URL", ""), "GITHUB_SERVER_URL": "", "GITHUB_TOKEN": ""}
    forge, token = _input(environ, "PROVIDER") or own_forge, _input(environ, "TOKEN")
    if token and forge in TOKENS and (forge == own_forge or not is_true(environ, "OWN_TOKEN")):
        found[TOKENS[forge]] = token
    return found


def _lines(text: str) -> list[str]:
    stripped = (line.strip(_BLANK) for line in text.split("\n"))
    return [line for line in stripped if line]


def _input(environ: Mapping[str, str], name: str) -> str:
    return environ.get(f"INPUT_{name}", "").strip(_BLANK)


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise UsageError(f"The input args cannot be read: {error}.", remedy="Close its quotes.") from error
