"""`propose`: what people read, what pipelines read, and what the exit status says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pygit2
import pytest

from tests.cli.commandline import CommandLine, settled
from tests.reconcilers.directory import Fleet, repository, upgrader

FOLDER = ("propose", "-m", "upgrades", "--repo", "fleet.git")
PROD = ("propose", "--cluster", "prod", "--to", "v1.34.2", "--repo", "fleet.git")

HOP = "Hop v1.33.5 -> v1.34.3: newest image within one minor."
DIFF = """\
diff --git a/clusters/prod.yaml b/clusters/prod.yaml
--- a/clusters/prod.yaml
+++ b/clusters/prod.yaml
@@ -6,7 +6,7 @@
 spec:
   topology:
     class: docker
-    version: v1.33.5
+    version: v1.34.2
     variables:
       - name: imageId
-        value: img-v1.33.5
+        value: img-v1.34.2
"""


def test_a_first_proposal_in_words(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*FOLDER)

    assert ran.status == 0
    assert ran.err == ""
    assert settled(ran.out, gitops_upgrader.folder) == (
        "+ fleet/prod  v1.33.5 -> v1.34.2  opened\n"
        "  Hop v1.33.5 -> v1.34.2: newest image within one minor.\n"
        "  #1 Upgrade prod from v1.33.5 to v1.34.2\n"
        "  file://FOLDER/fleet.git/gitops-upgrader/pulls/1.md\n"
        f"\n{DIFF}\n"
        "1 opened\n"
    )


def test_a_second_look_and_a_new_release_in_words(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    gitops_upgrader(*FOLDER)

    assert settled(gitops_upgrader(*FOLDER).out, fleet.folder) == (
        "= fleet/prod  v1.33.5 -> v1.34.2  left as it is\n"
        "  Pull request 1 proposes this already.\n"
        "  #1 Upgrade prod from v1.33.5 to v1.34.2\n"
        "  file://FOLDER/fleet.git/gitops-upgrader/pulls/1.md\n"
        "\n"
        "1 left as it is\n"
    )
    text = (fleet.manifests / "images.yaml").read_text().replace("    v1.34.2\n", "    v1.34.2\n    v1.34.3\n")
    (fleet.manifests / "images.yaml").write_text(text)
    assert gitops_upgrader(*FOLDER).out.splitlines()[:3] == [
        "~ fleet/prod  v1.33.5 -> v1.34.3  updated",
        f"  v1.34.3 img-v1.34.3 takes the place of v1.34.2 img-v1.34.2. {HOP}",
        "  #1 Upgrade prod from v1.33.5 to v1.34.3",
    ]


def test_a_dry_run_in_words_changes_nothing(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    before = fleet.people.branches()

    ran = gitops_upgrader(*FOLDER, "--dry-run")

    assert ran.out == (
        "+ fleet/prod  v1.33.5 -> v1.34.2  would open\n"
        "  Hop v1.33.5 -> v1.34.2: newest image within one minor.\n"
        f"\n{DIFF}\n"
        "1 would open\n"
    )
    assert fleet.people.branches() == before
    assert fleet.host.pulls() == ()


def test_the_diff_is_one_that_git_applies(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    ran = gitops_upgrader(*FOLDER, "-o", "diff", "--dry-run")

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == DIFF
    gitops_upgrader(*FOLDER)
    again = gitops_upgrader(*FOLDER, "-o", "diff")
    left = "note: fleet/prod: left as it is. Pull request 1 proposes this already.\n"
    assert (again.status, again.out, again.err) == (0, "", left)


def test_what_has_no_diff_is_told_where_diffs_are_asked_for(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.usual("dev")
    fleet.write("default.yaml", repository("fleet.git", pullRequest="{maxOpen: 1}"))
    asked = ("propose", "-m", "upgrades", "-o", "diff")

    first, quiet, foreseen = (gitops_upgrader(*asked, *more) for more in ([], ["-q"], ["--dry-run"]))

    assert (first.status, first.err) == (0, "note: fleet/prod: waits. 1 pull request is open; maxOpen is 1.\n")
    assert first.out == DIFF.replace("prod", "dev")
    assert (quiet.out, quiet.err) == ("", "")
    assert foreseen.err == (
        "note: fleet/dev: would leave as it is. Pull request 1 proposes this already.\n"
        "note: fleet/prod: waits. 1 pull request is open; maxOpen is 1.\n"
    )


def test_without_an_upgrader_there_is_nothing_to_do(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    (fleet.manifests / "prod.yaml").unlink()

    ran = gitops_upgrader(*FOLDER, "-o", "diff")

    assert (ran.status, ran.out, ran.err) == (0, "", "note: nothing to do\n")


def test_one_cluster_without_custom_resources(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    ran = gitops_upgrader(*PROD, "--image", "ami-1", "--variable", "imageId")

    assert ran.status == 0
    assert ran.out.splitlines()[:3] == [
        "+ fleet/prod  v1.33.5 -> v1.34.2  opened",
        "  Hop v1.33.5 -> v1.34.2: asked for on the command line.",
        "  #1 Upgrade prod from v1.33.5 to v1.34.2",
    ]
    changed = fleet.people.read("gitops-upgrader/_cluster/-/prod", "clusters/prod.yaml")
    assert "version: v1.34.2" in changed
    assert "value: ami-1" in changed
    commit = fleet.people.repository[fleet.people.tip("gitops-upgrader/_cluster/-/prod")].peel(pygit2.Commit)
    assert "Gitops-Upgrader: cluster/-/prod\nGitops-Upgrader-Target: v1.34.2 ami-1\n" in commit.message


def test_an_image_alone_is_called_so_in_title_body_and_commit(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    ran = gitops_upgrader(
        *("propose", "--cluster", "prod", "--to", "v1.33.5", "--image", "ami-2", "--variable", "imageId"),
        *("--repo", "fleet.git"),
    )

    assert ran.out.splitlines()[:3] == [
        "+ fleet/prod  v1.33.5  opened",
        "  Image ami-2 at v1.33.5: asked for on the command line.",
        "  #1 Refresh the image of prod at v1.33.5",
    ]
    body = fleet.host.pull(1).body
    assert "**`fleet/prod`**: another image at Kubernetes `v1.33.5`" in body
    assert "**The way back.** Cluster API takes a revert of an image alone" in body
    assert "→" not in body
    commit = fleet.people.repository[fleet.people.tip("gitops-upgrader/_cluster/-/prod")].peel(pygit2.Commit)
    assert commit.message.startswith("Refresh the image of prod at Kubernetes v1.33.5\n\nclusters/prod.yaml:12: ")


def test_a_version_may_be_typed_without_its_v(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    bare = [word.removeprefix("v") for word in PROD]
    assert bare != list(PROD)
    ran = gitops_upgrader(*bare)
    tip = fleet.people.tip("gitops-upgrader/_cluster/-/prod")

    assert ran.out.startswith("+ fleet/prod  v1.33.5 -> v1.34.2  opened\n")
    assert gitops_upgrader(*PROD).out.startswith("= fleet/prod  v1.33.5 -> v1.34.2  left as it is\n")
    assert fleet.people.tip("gitops-upgrader/_cluster/-/prod") == tip


def test_what_was_refused_is_proposed_again_with_a_word(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    gitops_upgrader(*PROD)
    fleet.host.close(1)

    ran = gitops_upgrader(*PROD)
    assert (ran.status, ran.out.splitlines()[0]) == (0, ". fleet/prod  v1.33.5 -> v1.34.2  waits")
    assert "--retry" in ran.out
    assert gitops_upgrader(*PROD, "--retry", "again").out.startswith("+ fleet/prod  v1.33.5 -> v1.34.2  opened")


# --- JSON -----------------------------------------------------------------------------------------------------------

STRING, NULL_STRING = {"type": "string"}, {"type": ["string", "null"]}
TARGET = {
    "anyOf": [
        {"type": "null"},
        {
            "type": "object",
            "properties": {"version": STRING, "image": NULL_STRING},
            "required": ["version", "image"],
            "additionalProperties": False,
        },
    ]
}


def exactly(**properties: Any) -> dict[str, Any]:
    """An object with these keys, no more and no fewer."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def listed(items: Any) -> dict[str, Any]:
    """A list of these."""
    return {"type": "array", "items": items}


SCHEMA = exactly(
    apiVersion={"const": "gitops-upgrader/v1"},
    proposals=listed(
        exactly(
            upgrader={"type": ["string", "null"], "pattern": "^[^/]+/[^/]+$"},
            cluster={"type": "string", "pattern": "^[^/]+/[^/]+$"},
            repository=STRING,
            action={"enum": ["create", "update", "leave", "close", "hold", "error"]},
            reason={"type": "string", "pattern": "^[A-Z][A-Za-z0-9]+$"},
            message={"type": "string", "pattern": r"^[^\n]+[.?]$"},
            **{"from": TARGET},
            to=TARGET,
            edits=listed(
                exactly(
                    file=STRING,
                    document={"type": "integer", "minimum": 0},
                    line={"type": "integer", "minimum": 1},
                    column={"type": "integer", "minimum": 1},
                    pointer={"type": "string", "pattern": "^/"},
                    old=NULL_STRING,
                    new=STRING,
                )
            ),
            diff=STRING,
            branch=NULL_STRING,
            commit={"type": ["string", "null"], "pattern": "^[0-9a-f]{40}$"},
            pullRequest={
                "anyOf": [
                    {"type": "null"},
                    exactly(
                        number={"type": "integer", "minimum": 1},
                        url={"type": "string", "format": "uri"},
                        title=STRING,
                        state={"enum": ["open", "closed", "merged"]},
                    ),
                ]
            },
        )
    ),
    errors=listed(exactly(object=STRING, reason=STRING, message=STRING)),
)


def test_the_json_is_as_designed_all_of_it(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    ran = gitops_upgrader(*FOLDER, "-o", "json")

    jsonschema.validate(ran.json, SCHEMA)
    (proposal,) = ran.json["proposals"]
    url = (fleet.people.path / "gitops-upgrader" / "pulls" / "1.md").as_uri()
    edit = {"file": "clusters/prod.yaml", "document": 0}
    assert proposal == {
        "upgrader": "fleet/prod",
        "cluster": "fleet/prod",
        "repository": str(fleet.people.path),
        "action": "create",
        "reason": "Proposed",
        "message": "Hop v1.33.5 -> v1.34.2: newest image within one minor.",
        "from": {"version": "v1.33.5", "image": "img-v1.33.5"},
        "to": {"version": "v1.34.2", "image": "img-v1.34.2"},
        "edits": [
            {**edit, "line": 9, "column": 14, "pointer": "/spec/topology/version", "old": "v1.33.5", "new": "v1.34.2"},
            {
                **edit,
                "line": 12,
                "column": 16,
                "pointer": "/spec/topology/variables/0/value",
                "old": "img-v1.33.5",
                "new": "img-v1.34.2",
            },
        ],
        "diff": DIFF,
        "branch": "gitops-upgrader/fleet/prod",
        "commit": fleet.people.tip("gitops-upgrader/fleet/prod"),
        "pullRequest": {"number": 1, "url": url, "title": "Upgrade prod from v1.33.5 to v1.34.2", "state": "open"},
    }
    assert ran.json["errors"] == []
    assert ran.err == ""


def test_every_kind_of_result_fits_the_schema(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    """Actions that change from run to run, an error, a broken file: each document has every key."""
    fleet.write("more.yaml", upgrader("dev"), upgrader("gone"), upgrader("astray").replace("newest", "nowhere"))
    fleet.write("broken.yaml", upgrader("bad", planReff="x"))
    actions: set[str] = set()

    def look(*more: str) -> None:
        document = gitops_upgrader(*FOLDER, "-o", "json", *more).json
        jsonschema.validate(document, SCHEMA)
        actions.update(proposal["action"] for proposal in document["proposals"])
        assert {error["reason"] for error in document["errors"]} >= {"ClusterNotFound", "ObjectNotFound"}

    look("--dry-run")
    look()
    look()
    fleet.people.merge("gitops-upgrader/fleet/dev")
    look()
    (fleet.manifests / "broken.yaml").unlink()
    text = (fleet.manifests / "images.yaml").read_text()
    (fleet.manifests / "images.yaml").write_text(text.replace("    v1.34.2\n", "    v1.34.3\n"))
    look()
    (fleet.manifests / "images.yaml").write_text(text.replace("    v1.34.2\n", ""))
    look()
    assert actions == {"create", "update", "leave", "close", "hold", "error"}


def test_a_cluster_without_custom_resources_in_json(gitops_upgrader: CommandLine) -> None:
    document = gitops_upgrader(*PROD, "-o", "json", "--dry-run").json

    jsonschema.validate(document, SCHEMA)
    (proposal,) = document["proposals"]
    assert proposal["upgrader"] is None
    assert proposal["pullRequest"] is None
    assert proposal["commit"] is None
    assert proposal["to"] == {"version": "v1.34.2", "image": None}


# --- exit status ----------------------------------------------------------------------------------------------------


def test_the_exit_status_tells_whether_there_is_something_to_propose(gitops_upgrader: CommandLine) -> None:
    detailed = (*FOLDER, "--detailed-exitcode")

    assert gitops_upgrader(*detailed, "--dry-run").status == 2
    assert gitops_upgrader(*detailed).status == 2
    assert gitops_upgrader(*detailed).status == 0
    assert gitops_upgrader(*FOLDER).status == 0


def test_an_error_outranks_something_to_propose(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.write("gone.yaml", upgrader("gone"))

    ran = gitops_upgrader(*FOLDER, "--detailed-exitcode")

    assert ran.status == 1
    assert ran.out.splitlines()[0] == "! fleet/gone  failed"
    assert "1 opened, 1 failed" in ran.out
    assert ran.err == (
        "error: fleet/gone: No file has a Cluster fleet/gone. Check its name, its namespace and the path, "
        "and that its file is on the base branch.\n"
    )


@pytest.mark.parametrize("form", ["text", "json", "diff"])
def test_every_error_is_one_line_on_stderr_whatever_the_form(
    gitops_upgrader: CommandLine, fleet: Fleet, form: str
) -> None:
    fleet.write("gone.yaml", upgrader("gone"))

    ran = gitops_upgrader(*FOLDER, "-o", form)

    assert ran.err.count("\n") == 1
    assert ran.err.startswith("error: fleet/gone: ")


def test_a_refusal_is_explained_too(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.clusters(prod="${VERSION}")
    ran = gitops_upgrader("propose", "--repo", "fleet.git", "--cluster", "prod", "--to", "v1.34.2", "--explain")
    assert ran.status == 1
    lines = ran.err.splitlines()
    assert lines[:2] == ["-/prod: where its version and image are", "  1 of 2 files name prod and Cluster API"]
    assert "A template expression stands here" in lines[2]

    fleet.clusters(prod="v1.33.5")
    ran = gitops_upgrader("propose", "--repo", "fleet.git", "--cluster", "prod", "--to", "v1.36.0", "--explain")
    assert ran.err.splitlines()[2:4] == [
        "  clusters/prod.yaml:1: this is Cluster fleet/prod",
        "  clusters/prod.yaml:9: version: literal at /spec/topology/version",
    ]


def test_the_path_says_which_cluster_is_meant_and_its_layers_count(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    manifest = "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata: {name: qa}\nspec: {topology: %s}\n"
    patch = "[{op: replace, path: /spec/topology/version, value: v1.33.8}]"
    fleet.people.commit(
        {
            "one/base/cluster.yaml": manifest % "{class: c, version: v1.33.5}",
            "one/old/cluster.yaml": manifest % "{class: c, version: v1.30.0}",
            "top/kustomization.yaml": "resources: [../one/base/cluster.yaml]\n"
            f"patches:\n  - target: {{kind: Cluster}}\n    patch: |\n      {patch}\n",
        }
    )
    options = ("--repo", "fleet.git", "--cluster", "qa", "--path", "one/base")
    located = gitops_upgrader("locate", *options)
    assert "v1.33.8  json-patch  top/kustomization.yaml:5" in located.out
    proposed = gitops_upgrader("propose", *options, "--to", "v1.34.2", "--dry-run", "-o", "diff")
    assert "+++ b/top/kustomization.yaml" in proposed.out
    assert "+      [{op: replace, path: /spec/topology/version, value: v1.34.2}]" in proposed.out


@pytest.mark.parametrize("name", ["", "fleet/"])
def test_a_cluster_without_a_name_is_a_mistake(name: str, gitops_upgrader: CommandLine) -> None:
    for command in (("propose", "--to", "v1.34.2"), ("locate",)):
        ran = gitops_upgrader(*command, "--repo", "fleet.git", "--cluster", name)
        assert (ran.status, ran.out) == (1, "")
        assert ran.err == "error: --cluster has no name. Give it as NAME or NAMESPACE/NAME.\n"


def test_explaining_goes_to_stderr(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*FOLDER, "--dry-run", "--explain", "-o", "json")

    assert ran.json["errors"] == []
    assert "clusters/prod.yaml" in ran.err


def test_a_checkout_is_the_usual_place_to_stand(gitops_upgrader: CommandLine, fleet: Fleet, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    pygit2.clone_repository(str(fleet.people.path), str(clone))

    ran = gitops_upgrader("propose", "-m", "upgrades", "--repo", "clone")

    assert ran.status == 0
    assert "gitops-upgrader/fleet/prod" in fleet.people.branches()
