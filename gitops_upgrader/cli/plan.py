"""`gitops-upgrader plan`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from gitops_upgrader.cli import options, proposals
from gitops_upgrader.cli.complaints import complaints
from gitops_upgrader.cli.mermaid import diagram
from gitops_upgrader.cli.run import DONE, FAILED, say
from gitops_upgrader.cli.summary import show_plan
from gitops_upgrader.cli.terminal import output, print_json, progress
from gitops_upgrader.reconcilers import fleet
from gitops_upgrader.reconcilers.opened import Workspaces


@click.command(
    "plan",
    epilog="""\b
Examples:
  gitops-upgrader plan -m upgrades/ --repo .
  gitops-upgrader plan -m upgrades/ --repo . -o mermaid > plan.mmd
  gitops-upgrader plan --context management
""",
)
@options.manifest_options
@options.cluster_options
@options.repository_options
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json", "mermaid"]),
    default="text",
    show_default=True,
    help="How the plan is printed.",
)
def command(
    folders: tuple[Path, ...],
    upgraders: tuple[str, ...],
    context: str | None,
    kubeconfig: Path | None,
    namespaces: tuple[str, ...],
    repo: str | None,
    branch: str | None,
    provider: str | None,
    instance: str | None,
    form: str,
) -> int:
    """Show what each upgrader would do next, and why. Nothing is changed anywhere."""
    cluster = options.cluster_access(context, kubeconfig, namespaces)
    ways = {"--manifests": bool(folders), "--context": cluster is not None}
    options.exactly_one(ways, "For example: gitops-upgrader plan -m upgrades/ --repo .")
    line = options.command_line(repo, branch, provider, instance)
    with Workspaces(line, options.now) as workspaces, progress() as told:
        told("reading the custom resources")
        scope, store = options.scope(folders, cluster)
        report = fleet.run(scope, workspaces, only=upgraders, dry_run=True, told=told)
    if form == "json":
        print_json(proposals.document(report, store.problems))
    elif form == "mermaid":
        click.echo(diagram(report.proposals))
    else:
        show_plan(output(), report.proposals)
    for text in complaints(replace(report, proposals=()), store.problems):  # the clusters' own stand in the plan
        say(f"error: {text}")
    failed = store.problems or report.failures or any(proposed.error for proposed in report.proposals)
    return FAILED if failed else DONE
