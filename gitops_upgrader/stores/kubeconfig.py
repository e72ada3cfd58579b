"""From a kubeconfig, or from inside a cluster, to the official client, with mistakes told as people need them.

Files are read as kubectl reads them (kubernetes.io/docs, "Organizing Cluster Access Using kubeconfig Files"):
`KUBECONFIG` may list several, the first that says a thing wins, and without it there is `~/.kube/config`.
"""

from __future__ import annotations

import binascii
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from gitops_upgrader import __version__
from gitops_upgrader.errors import InvalidKubeconfig, Where

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, Configuration

_DEFAULT = "~/.kube/config"
_LISTS = ("clusters", "contexts", "users")


def open_client(kubeconfig: Path | None = None, context: str | None = None) -> ApiClient:
    """The client for one cluster.

    Args:
        kubeconfig: the file; None for those of `KUBECONFIG`, else `~/.kube/config`. Without any of them, in a Pod, the
            Pod's own ServiceAccount is used.
        context: the context in it; None for the current one.

    Raises:
        InvalidKubeconfig: there is none, or it cannot be used.
    """
    from kubernetes import client  # here, as it is slow to import and most commands need nothing of it
    from urllib3.util import Retry

    configuration = client.Configuration()
    files = _files(kubeconfig)
    if kubeconfig is None and context is None and not any(file.exists() for file in files) and _in_a_pod():
        _load_in_cluster(configuration)
    else:
        _load_files(configuration, files, context)
    # What was not sent for sure, and what only reads, is tried once more: a load balancer may have dropped the
    # connection. Anything else is the caller's to repeat. Redirects are no part of the API, and never followed.
    configuration.retries = Retry(
        total=1,
        connect=1,
        read=1,
        redirect=False,
        status=0,
        other=0,
        allowed_methods={"GET"},
        backoff_factor=0.1,
        respect_retry_after_header=False,  # else such an answer would be taken for a lost connection
    )
    # At DEBUG it would log whole answers, Secrets included.
    logging.getLogger("kubernetes.client.rest").setLevel(logging.INFO)
    opened = client.ApiClient(configuration)
    opened.user_agent = f"gitops-upgrader/{__version__}"
    return opened


def _files(kubeconfig: Path | None) -> list[Path]:
    if kubeconfig is not None:
        return [kubeconfig]
    named = os.environ.get("KUBECONFIG", "")
    return [Path(file).expanduser() for file in (named or _DEFAULT).split(os.pathsep) if file]


def _in_a_pod() -> bool:
    return bool(os.environ.get("KUBERNETES_SERVICE_HOST"))


def _load_in_cluster(configuration: Configuration) -> None:
    from kubernetes.config import ConfigException, load_incluster_config

    try:
        load_incluster_config(client_configuration=configuration)
    except ConfigException as error:
        raise InvalidKubeconfig(
            f"The Pod's own ServiceAccount cannot be used: {_sentence(error)}",
            remedy="Let the Pod mount its token, or name a kubeconfig.",
        ) from error


def _load_files(configuration: Configuration, files: list[Path], context: str | None) -> None:
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import load_kube_config

    contents = [(file, _read(file)) for file in files if file.exists()]
    if not contents:
        raise InvalidKubeconfig(
            f"There is no kubeconfig at {' or '.join(map(str, files))}.",
            remedy="Name one with --kubeconfig, or set KUBECONFIG.",
        )
    where = Where(file=str(contents[0][0])) if len(contents) == 1 else Where()
    user = _user_of(contents, context, where)
    with _noted_errors() as noted:
        try:
            load_kube_config(
                os.pathsep.join(str(file) for file, _ in contents), context, client_configuration=configuration
            )
        except ConfigException as error:
            raise InvalidKubeconfig(f"It cannot be used: {_sentence(error)}", where=where) from error
        except (binascii.Error, OSError, ValueError) as error:
            raise InvalidKubeconfig(
                "A certificate or a key in it cannot be read.", where=where, remedy="Get a new kubeconfig."
            ) from error
    if "exec" in user and not (configuration.api_key or configuration.cert_file):
        # The client notes the failure of a credential plugin in its log and goes on as nobody.
        command = user["exec"].get("command") if isinstance(user["exec"], Mapping) else None
        why = f": {noted[-1]}" if noted else ""
        raise InvalidKubeconfig(
            f"The credential plugin {command!r} gave no credentials{why}.".replace("..", "."),
            where=where,
            remedy="Run it by hand to see what it lacks; often you have to log in again.",
        )


def _read(file: Path) -> Mapping[str, Any]:
    """A file as far as its outline goes: the client itself fails on others with errors that say nothing."""
    where = Where(file=str(file))
    try:
        content = yaml.safe_load(file.read_bytes())
    except OSError as error:
        raise InvalidKubeconfig(f"The kubeconfig cannot be read: {error.strerror}.", where=where) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else None
        raise InvalidKubeconfig("The kubeconfig is not YAML.", where=Where(file=str(file), line=line)) from error
    fits = isinstance(content, Mapping) and all(_is_list_of_named(content.get(name)) for name in _LISTS)
    if not fits:
        raise InvalidKubeconfig(
            "This is no kubeconfig: it needs lists of named clusters, contexts and users.",
            where=where,
            remedy="Name another file with --kubeconfig.",
        )
    return dict(content)


def _is_list_of_named(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, list) and all(
        isinstance(item, Mapping) and "name" in item and any(isinstance(part, Mapping) for part in item.values())
        for item in value
    )


def _user_of(contents: list[tuple[Path, Mapping[str, Any]]], context: str | None, where: Where) -> Mapping[str, Any]:
    """The user of the context that is meant, after a look at whether the context leads to anything."""
    merged: dict[str, dict[str, Mapping[str, Any]]] = {name: {} for name in _LISTS}
    for _, content in contents:
        for name in _LISTS:
            for item in content.get(name) or ():
                merged[name].setdefault(str(item["name"]), item)
    current = next((content["current-context"] for _, content in contents if content.get("current-context")), None)
    chosen = context or current
    if chosen is None:
        raise InvalidKubeconfig("No context is chosen in it.", where=where, remedy=_choose(merged))
    found = merged["contexts"].get(str(chosen), {}).get("context")
    if not isinstance(found, Mapping):
        raise InvalidKubeconfig(f"There is no context {chosen!r} in it.", where=where, remedy=_choose(merged))
    if str(found.get("cluster")) not in merged["clusters"]:
        raise InvalidKubeconfig(f"Its context {chosen!r} names no cluster that is in it.", where=where)
    if found.get("user") and str(found["user"]) not in merged["users"]:
        raise InvalidKubeconfig(f"Its context {chosen!r} names no user that is in it.", where=where)
    user = merged["users"].get(str(found.get("user")), {}).get("user")
    return user if isinstance(user, Mapping) else {}


def _choose(merged: Mapping[str, Mapping[str, Any]]) -> str:
    names = ", ".join(sorted(merged["contexts"]))
    return f"Name one of {names} with --context." if names else "Get a kubeconfig with a context."


def _sentence(error: Exception) -> str:
    """What the client says, without the parts of the file that it would show: tokens may be in them."""
    text = str(error).partition("{")[0].removeprefix("Invalid kube-config file. ").strip()
    return f"{text or type(error).__name__}{'' if text.endswith('.') else '.'}"


@contextmanager
def _noted_errors() -> Iterator[list[str]]:
    """What the client logs on the root logger while it loads, kept from the terminal."""
    noted: list[str] = []

    def note(record: logging.LogRecord) -> bool:
        noted.append(" ".join(record.getMessage().split()).rstrip("."))
        return False

    root = logging.getLogger()
    silent = logging.NullHandler()
    root.addHandler(silent)  # without any, `logging.error` would set one up that writes to stderr
    root.addFilter(note)
    try:
        yield noted
    finally:
        root.removeFilter(note)
        root.removeHandler(silent)
