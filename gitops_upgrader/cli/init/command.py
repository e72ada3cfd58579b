"""The command itself: read the repository, decide, write."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gitops_upgrader.cli import options
from gitops_upgrader.cli.base_branch import note_unpushed
from gitops_upgrader.cli.init import folder
from gitops_upgrader.cli.init.document import written
from gitops_upgrader.cli.init.draft import Draft, Origin, Packages, draft, home, mistakes, upgrader_name
from gitops_upgrader.cli.init.family import Choice, choose, families
from gitops_upgrader.cli.init.packages import ROOT, look
from gitops_upgrader.cli.run import note
from gitops_upgrader.cli.streams import printable, write_line
from gitops_upgrader.cli.terminal import progress
from gitops_upgrader.errors import (
    ClusterNotFound,
    InvalidVersion,
    ManifestError,
    NotAVersion,
    ProviderUnknown,
    UnwritableValue,
    Where,
)
from gitops_upgrader.forges.address import Address
from gitops_upgrader.forges.registry import guess_provider
from gitops_upgrader.manifests import Found, Manifests, Query
from gitops_upgrader.reconcilers.opened import Workspaces
from gitops_upgrader.reconcilers.repository import Access, CommandLine, from_command_line

if TYPE_CHECKING:
    from gitops_upgrader.reconcilers.fleet import Told

_Refused = list[tuple[Found, ManifestError]]


@click.command(
    "init",
    epilog="""\b
Examples:
  gitops-upgrader init --repo .
  gitops-upgrader init --repo git@example.org:platform/fleet.git --output kubernetes-upgrades
""",
)
@options.reading_options("Where pull requests are to be opened, where the host does not tell.")
@click.option("--path", "paths", multiple=True, metavar="GLOB", help="The clusters of these files and layers only.")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path("upgrades"),
    show_default=True,
    metavar="DIR",
    help="The folder to write, which must be new or empty.",
)
@click.option("--packages", default=ROOT, show_default=True, metavar="URL", help="Where releases are published.")
@click.option(
    "--architecture",
    default="amd64",
    show_default=True,
    metavar="NAME",
    help="The packages' architecture, as Debian calls it.",
)
def command(
    given: options.GivenRepository,
    paths: tuple[str, ...],
    output: Path,
    packages: str,
    architecture: str,
) -> None:
    """Write a first set of custom resources for the clusters of a repository.

    Finds the clusters on the base branch, guesses which variables hold their images and what images are called, and
    writes commented files for you to look at. Nothing in the repository is changed, and no file is written over.
    """
    options.exactly_one({"--repo": given.repo is not None}, "For example: gitops-upgrader init --repo .")
    folder.refuse_what_is_there(output)
    line = given.line(provider="none")
    access = from_command_line(line, reads_only=True)
    with Workspaces(line, options.now) as workspaces, progress() as told:
        told("looking for clusters")
        manifests = workspaces.get(access).manifests(())
        note_unpushed(workspaces)
        found = manifests.clusters(paths)
        if not found:
            raise _no_clusters(access, paths)
        namespace = home(found)
        choices, refused = _choices(manifests, found, namespace, paths)
        if not choices:
            raise _none_usable(refused)
        made = families(choices)
        known = _packages(choices, packages, architecture, told)
    origin = _origin(access, line, given.branch, given.provider)
    drafted = draft(made, refused, origin, known, namespace)
    folder.write(output, _texts(drafted))
    _tell(drafted, choices, output, given.repo or ".")


def _choices(
    manifests: Manifests, found: Sequence[Found], namespace: str, paths: tuple[str, ...]
) -> tuple[list[Choice], _Refused]:
    """What is made of each Cluster; or why its places cannot be edited, or nothing can be named after it."""
    choices: list[Choice] = []
    refused: _Refused = []
    for item in found:
        try:
            if item.refusal is not None:
                raise item.refusal
            choice = choose(item)
            name = upgrader_name(item, found)
            manifests.locate(_query(choice, f"{namespace}/{name}", paths))
            if problem := mistakes(choice, name, namespace):
                raise UnwritableValue(problem, where=Where(file=item.file, line=item.line))
        except (ManifestError, InvalidVersion) as error:
            refused.append((item, error if isinstance(error, ManifestError) else NotAVersion(str(error))))
        else:
            choices.append(choice)
    return choices, refused


def _query(choice: Choice, owner: str, paths: tuple[str, ...]) -> Query:
    return Query(
        name=choice.found.name,
        namespace=choice.found.namespace or None,
        owner=owner,
        variables=tuple(one.want for one in choice.chosen),
        topology_class=choice.class_template is not None,
        paths=paths,
    )


def _packages(choices: Sequence[Choice], root: str, architecture: str, told: Told) -> Packages:
    from gitops_upgrader.sources.httpfetch import HttpFetch  # here, as requests is slow to import

    told("asking which releases there are")
    lines = {choice.version.line for choice in choices if not choice.has_flavour}
    return look(lines, root, architecture, HttpFetch(), options.now())


def _origin(access: Access, line: CommandLine, branch: str | None, provider: str | None) -> Origin:
    location = access.location
    address = Address(location.scheme.value, location.host, location.path, location.port)
    told_by_host = _guess(address, {})
    known = provider or _guess(address, line.environ)
    return Origin(location.display, known, branch, is_guessed_by_host=known == told_by_host)


def _guess(address: Address, environ: Mapping[str, str]) -> str | None:
    try:
        return guess_provider(address, environ)
    except ProviderUnknown:
        return None


def _no_clusters(access: Access, paths: Sequence[str]) -> ClusterNotFound:
    place = f"In {', '.join(paths)} of the repository" if paths else "In the repository"
    return ClusterNotFound(
        f"{place} there is no Cluster that is made from a ClusterClass.",
        where=Where(object=access.location.display),
        remedy="Check --repo, --branch and --path. Where a Helm chart renders the Clusters, name the places of their "
        "versions with spec.targets of a ClusterClassClusterUpgrader: examples/helm shows how.",
    )


def _none_usable(refused: _Refused) -> ManifestError:
    """The error where no Cluster can be edited as it is: the first refusal, the others told of before."""
    for item, error in refused[1:]:
        note(f"note: {printable(f'{item.label}: {error}')}")
    return refused[0][1]


def _texts(drafted: Draft) -> dict[str, str]:
    texts = {name: written(documents) for name, documents in drafted.files.items() if documents}
    if drafted.left_out:
        documents = drafted.files["upgraders.yaml"]
        texts["upgraders.yaml"] = written(documents, [printable(one) for one in drafted.left_out])
    return texts


def _tell(drafted: Draft, choices: Sequence[Choice], output: Path, repo: str) -> None:
    count = f"{len(choices)} {'cluster' if len(choices) == 1 else 'clusters'}"
    write_line(f"Wrote {output}/ for {count}:")
    for name, documents in drafted.files.items():
        if documents:
            kinds = dict.fromkeys(str(document.content["kind"]) for document in documents)
            write_line(f"  {name:<16} {', '.join(kinds)}")
    write_line("\nRead the files, above all what images are called. Then see what would happen:")
    write_line(f"  gitops-upgrader validate {shlex.quote(str(output))}")
    write_line(f"  gitops-upgrader propose -m {shlex.quote(str(output))} --repo {shlex.quote(repo)} --dry-run")
    for sentence in drafted.unknown:
        note(f"note: could not tell {printable(sentence)}.")
    for sentence in drafted.left_out:
        note(f"note: {printable(sentence)}")
