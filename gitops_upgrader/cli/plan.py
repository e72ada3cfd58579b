"""`gitops-upgrader plan`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from gitops_upgrader.cli import options, proposals
from gitops_upgrader.cli.complaints import complaints
from gitops_upgrader.cli.fleet_run import failed, run_fleet
from gitops_upgrader.cli.mermaid import diagram
from gitops_upgrader.cli.run import DONE, FAILED, say
from gitops_upgrader.cli.streams import write_document, write_json
from gitops_upgrader.cli.summary import show_plan
from gitops_upgrader.cli.terminal import output


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
@options.output_option("mermaid", meaning="How the plan is printed.")
def command(
    folders: tuple[Path, ...],
    upgraders: tuple[str, ...],
    cluster: options.ClusterAccess | None,
    given: options.GivenRepository,
    form: str,
) -> int:
    """Show what each upgrader would do next, and why. Nothing is changed anywhere."""
    options.folders_or_cluster(folders, cluster, "gitops-upgrader plan -m upgrades/ --repo .")
    ran = run_fleet(folders, cluster, given.line(), only=upgraders, dry_run=True)
    report, problems = ran.report, ran.problems
    if form == "json":
        write_json(proposals.document(report, problems))
    elif form == "mermaid":
        write_document(f"{diagram(report.proposals)}\n")
    else:
        show_plan(output(), report.proposals)
    for text in complaints(replace(report, proposals=()), problems):  # the clusters' own stand in the plan
        say(f"error: {text}")
    return FAILED if failed(report, problems) else DONE
