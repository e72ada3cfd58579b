"""Options that several commands share, and what is made of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click

from gitops_upgrader.errors import UnreadableFile, UsageError, Where
from gitops_upgrader.pulls.identity import PART_RULE, is_part

if TYPE_CHECKING:
    from gitops_upgrader.reconcilers.repository import CommandLine
    from gitops_upgrader.reconcilers.scope import Scope
    from gitops_upgrader.stores.directory import DirectoryStore
    from gitops_upgrader.stores.readonly import ReadOnlyStore

_Command = TypeVar("_Command", bound=Callable[..., Any])

_FOLDER: Final = "A folder stands for its remote origin, where it has one."

PROVIDERS = ("github", "gitlab", "gitea", "local", "none")


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


def folders_option(command: _Command) -> _Command:
    """`-m DIR`, as the parameter `folders`."""
    return click.option(
        "-m",
        "--manifests",
        "folders",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="DIR",
        help="A folder (or file) of custom resources. Can be given again.",
    )(command)


def manifest_options(command: _Command) -> _Command:
    """`-m DIR` and `--upgrader NAME`, as the parameters `folders` and `upgraders`."""
    command = click.option(
        "--upgrader",
        "upgraders",
        multiple=True,
        metavar="NAME",
        help="Act on this upgrader only: its name, or NAMESPACE/NAME. Can be given again.",
    )(command)
    return folders_option(command)


def output_option(*more: str, meaning: str = "How the result is printed.") -> Callable[[_Command], _Command]:
    """`-o FORM`: text, JSON, and what else a command can print."""
    forms = click.Choice(["text", "json", *more])
    return click.option("-o", "--output", "form", type=forms, default="text", show_default=True, help=meaning)


@dataclass(frozen=True, slots=True)
class ClusterAccess:
    """The cluster whose custom resources are meant, and whose of them.

    Attributes:
        context: the context in the kubeconfig; None for the current one.
        kubeconfig: the file; None for the usual ones.
        namespaces: whose objects; none for everybody's.
    """

    context: str | None = None
    kubeconfig: Path | None = None
    namespaces: tuple[str, ...] = ()


def _gathered(command: _Command, names: tuple[str, ...], parameter: str, make: Callable[..., object]) -> _Command:
    """Give a command one parameter, what `make` makes of several options, instead of one for each of them."""

    @wraps(command)
    def gathering(**given: Any) -> Any:
        given[parameter] = make(*(given.pop(name) for name in names))
        return command(**given)

    return cast("_Command", gathering)


def cluster_options(command: _Command) -> _Command:
    """`--context`, `--kubeconfig`, `--namespace`, as the parameter `cluster`: a ClusterAccess or None."""
    command = _gathered(command, ("context", "kubeconfig", "namespaces"), "cluster", _cluster_access)
    for option in reversed(
        (
            click.option(
                "--context",
                metavar="NAME",
                help="Read the custom resources of this kubeconfig context's cluster, and write nothing to it.",
            ),
            click.option(
                "--kubeconfig",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="Read them with this kubeconfig; without --context, its current context.",
            ),
            click.option(
                "-n",
                "--namespace",
                "namespaces",
                multiple=True,
                metavar="NAME",
                help="Read those of this namespace only, where you may not read all. Can be given again.",
            ),
        )
    ):
        command = option(command)
    return command


def _cluster_access(context: str | None, kubeconfig: Path | None, namespaces: Sequence[str]) -> ClusterAccess | None:
    """The cluster that was named; None where none was.

    Raises:
        UsageError: only a namespace was.
    """
    if context is None and kubeconfig is None:
        if namespaces:
            raise UsageError(
                "--namespace goes with --context or --kubeconfig.", remedy="In folders, every object says its own."
            )
        return None
    return ClusterAccess(context, kubeconfig, tuple(namespaces))


def folders_or_cluster(folders: Sequence[Path], cluster: ClusterAccess | None, example: str) -> None:
    """Refuse custom resources from nowhere, and from both; `example` is a command line that is right."""
    exactly_one({"--manifests": bool(folders), "--context": cluster is not None}, f"For example: {example}")


def _instance_name(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """Check that a name can be a part of a branch's. Raises BadParameter."""
    if value is not None and not is_part(value):
        raise click.BadParameter(f"{value!r} can be no part of a branch's name. {PART_RULE}; no '..', no '.lock'.")
    return value


def instance_option(command: _Command) -> _Command:
    """`--instance`."""
    return click.option(
        "--instance",
        metavar="NAME",
        callback=_instance_name,
        help="Tells management clusters apart that share a repository; it goes into the branch's name.",
    )(command)


@dataclass(frozen=True, slots=True)
class GivenRepository:
    """What was said about the repository; None where nothing was."""

    repo: str | None = None
    branch: str | None = None
    provider: str | None = None
    instance: str | None = None

    @property
    def is_named(self) -> bool:
        """Whether anything was said at all."""
        return any((self.repo, self.branch, self.provider, self.instance))

    def line(self, *, provider: str | None = None) -> CommandLine:
        """The same for whoever reads repositories; `provider` counts where none was named."""
        from gitops_upgrader.reconcilers.repository import CommandLine  # here, so that `--help` stays quick

        return CommandLine(
            repo=self.repo,
            branch=self.branch,
            provider=self.provider or provider,
            instance=self.instance,
            environ=dict(os.environ),
            folder=Path.cwd(),
        )


def repository_options(command: _Command) -> _Command:
    """`--repo`, `--branch`, `--provider`, `--instance`, as the parameter `given`: a GivenRepository."""
    command = _gathered(command, ("repo", "branch", "provider", "instance"), "given", GivenRepository)
    for option in reversed(
        (
            click.option(
                "--repo",
                metavar="PATH_OR_URL",
                help=f"The Git repository with the clusters, in place of a GitOpsRepository's URL. {_FOLDER}",
            ),
            click.option("--branch", metavar="NAME", help="The branch to propose changes to, where it is not HEAD's."),
            click.option(
                "--provider",
                type=click.Choice(PROVIDERS),
                help="Where pull requests are opened. 'none' pushes the branch only.",
            ),
            instance_option,
        )
    ):
        command = option(command)
    return command


def reading_options(provider: str) -> Callable[[_Command], _Command]:
    """`--repo`, `--branch`, `--provider`, as the parameter `given`, for who only reads; `provider` is its help."""

    def add(command: _Command) -> _Command:
        command = _gathered(command, ("repo", "branch", "provider"), "given", GivenRepository)
        for option in reversed(
            (
                click.option(
                    "--repo",
                    metavar="PATH_OR_URL",
                    help=f"The Git repository with the clusters. {_FOLDER}",
                ),
                click.option("--branch", metavar="NAME", help="The branch to read, where it is not HEAD's."),
                click.option("--provider", type=click.Choice(PROVIDERS), help=provider),
            )
        ):
            command = option(command)
        return command

    return add


def scope(
    folders: Sequence[Path], cluster: ClusterAccess | None = None
) -> tuple[Scope, DirectoryStore | ReadOnlyStore]:
    """The store of a cluster, or of some folders, and what reconcilers need beside it.

    Raises:
        UnreadableFile: a folder is not there.
        KubernetesError: the cluster cannot be read.
    """
    from gitops_upgrader.reconcilers.scope import Live, Scope
    from gitops_upgrader.sources.httpfetch import HttpFetch  # here, as requests is slow to import

    if cluster is not None:
        from gitops_upgrader.stores.readonly import load_store

        seen = load_store(cluster.context, cluster.kubeconfig, cluster.namespaces)
        return Scope(store=seen, clock=now, fetch=HttpFetch(), live=Live()), seen
    for folder in folders:
        if not folder.exists():
            raise UnreadableFile(
                "There is no such file or folder.",
                where=Where(file=str(folder)),
                remedy="Name the folder that holds your custom resources with -m.",
            )
    from gitops_upgrader.stores.directory import DirectoryStore

    store = DirectoryStore.load(folders)
    return Scope(store=store, clock=now, fetch=HttpFetch()), store


def named_cluster(given: str) -> tuple[str, str]:
    """The namespace (empty where none is given) and the name of --cluster."""
    namespace, _, name = given.rpartition("/")
    if not name:
        raise UsageError("--cluster has no name.", remedy="Give it as NAME or NAMESPACE/NAME.")
    return namespace, name


def exactly_one(given: dict[str, bool], hint: str) -> None:
    """Refuse anything but one of several ways to say what is meant."""
    named = [name for name, present in given.items() if present]
    if len(named) != 1:
        missing = f"{' or '.join(given)} is needed."
        raise UsageError(f"{' and '.join(named)} exclude each other." if named else missing, remedy=hint)
