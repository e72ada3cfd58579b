"""`gitops-upgrader versions`."""

from __future__ import annotations

from typing import BinaryIO

import click

from gitops_upgrader.cli import options
from gitops_upgrader.cli.run import note
from gitops_upgrader.cli.streams import write_json, write_line
from gitops_upgrader.cli.terminal import progress
from gitops_upgrader.sources.debian import DebianQuery, notice
from gitops_upgrader.versions import VersionRange


@click.command(
    "versions",
    epilog="""\b
Examples:
  gitops-upgrader versions https://pkgs.k8s.io/core:/stable:/v1.34/deb/ --architecture amd64
  gitops-upgrader versions https://pkgs.k8s.io/core:/stable:/v1.34/deb/Packages --range '>=1.34.1'
""",
)
@click.argument("urls", metavar="URL...", nargs=-1, required=True)
@click.option(
    "--architecture",
    default="amd64",
    show_default=True,
    metavar="NAME",
    help="The packages' architecture, as Debian calls it.",
)
@click.option(
    "--range", "within", metavar="RANGE", help="Only versions in this range, such as 1.34.x or '>=1.34 <1.36'."
)
@click.option(
    "--signed-by",
    type=click.File("rb"),
    metavar="FILE",
    help="An OpenPGP keyring, armoured or binary; the repository must be signed by one of its keys.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=1),
    default=30.0,
    show_default=True,
    metavar="SECONDS",
    help="How long each URL may take.",
)
@options.output_option()
def command(
    urls: tuple[str, ...],
    architecture: str,
    within: str | None,
    signed_by: BinaryIO | None,
    timeout: float,
    form: str,
) -> None:
    """List the Kubernetes releases that Debian repositories publish, ascending, one a line.

    A URL is a Packages, Packages.gz or Packages.xz file, or a folder: a flat repository, or dists/SUITE/COMPONENT/.
    """
    from gitops_upgrader.sources.httpfetch import HttpFetch  # here, as requests is slow to import

    chosen = VersionRange.parse(within) if within is not None else None
    keyring = signed_by.read() if signed_by is not None else None
    query = DebianQuery(urls=urls, architecture=architecture, timeout=timeout, keyring=keyring)
    with progress() as told:
        told("reading the package repository")
        noticed = notice(query, fetch=HttpFetch(), known=None, now=options.now())
    found = [version.with_v for version in noticed.versions if chosen is None or version in chosen]
    if form == "json":
        write_json({"apiVersion": "gitops-upgrader/v1", "versions": found})
    else:
        for text in found:
            write_line(text)
    if not noticed.versions:
        note(f"note: there is no kubeadm package for the architecture {architecture}. Check it, and the URL.")
    elif not found:
        newest = max(noticed.versions).with_v
        note(f"note: none of the {len(noticed.versions)} versions is in {within}; the newest is {newest}.")
