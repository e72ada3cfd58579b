"""`locate`: where each cluster's version and image are, as a table and as JSON."""

from __future__ import annotations

import pytest

from tests.cli.commandline import CommandLine
from tests.reconcilers.directory import Fleet

LOCATE = ("locate", "--repo", "fleet.git")


def test_a_table_of_versions_images_and_places(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*LOCATE)

    assert [line.split() for line in ran.out.splitlines()] == [
        ["CLUSTER", "VERSION", "SHAPE", "PLACE", "IMAGE"],
        ["fleet/dev", "v1.33.5", "literal", "clusters/dev.yaml:9", "img-v1.33.5"],
        ["fleet/prod", "v1.33.5", "literal", "clusters/prod.yaml:9", "img-v1.33.5"],
    ]
    assert max(map(len, ran.out.splitlines())) <= 80
    assert (ran.status, ran.err) == (0, "")


@pytest.mark.parametrize("name", ["prod", "fleet/prod"])
def test_one_cluster_in_json(name: str, gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*LOCATE, "--cluster", name, "-o", "json")

    assert ran.json == {
        "apiVersion": "gitops-upgrader/v1",
        "clusters": [
            {
                "cluster": "fleet/prod",
                "name": "prod",
                "namespace": "fleet",
                "version": "v1.33.5",
                "image": "img-v1.33.5",
                "imageVariable": {"name": "imageId", "path": ""},
                "class": "docker",
                "variables": {"imageId": "img-v1.33.5"},
                "shape": "literal",
                "file": "clusters/prod.yaml",
                "line": 9,
                "document": 0,
                "pointer": "/spec/topology/version",
                "refusal": None,
                "trail": [
                    {"message": "1 of 2 files name prod and Cluster API", "file": None, "line": None},
                    {"message": "this is Cluster fleet/prod", "file": "clusters/prod.yaml", "line": 1},
                    {
                        "message": "version: literal at /spec/topology/version",
                        "file": "clusters/prod.yaml",
                        "line": 9,
                    },
                ],
            }
        ],
    }


def test_the_image_of_one_machine_deployment_alone(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    manifest = """\
apiVersion: cluster.x-k8s.io/v1beta1
kind: Cluster
metadata: {name: edge, namespace: fleet}
spec:
  topology:
    class: c
    version: v1.33.5
    workers:
      machineDeployments:
        - class: w
          name: md-0
          variables: {overrides: [{name: image, value: {url: http://i/k-v1.33.5.img}}]}
"""
    fleet.people.commit({"edge.yaml": manifest})

    (found,) = gitops_upgrader(*LOCATE, "--cluster", "edge", "-o", "json").json["clusters"]

    assert found["image"] == "http://i/k-v1.33.5.img"
    assert found["imageVariable"] == {"name": "image", "path": "/url", "scope": {"machineDeployment": "md-0"}}


def test_a_cluster_that_is_refused_has_its_reason(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    text = fleet.people.read("main", "clusters/dev.yaml").replace("v1.33.5", "${VERSION}", 1)
    fleet.people.commit({"clusters/dev.yaml": text})

    ran = gitops_upgrader(*LOCATE)

    assert ran.status == 1
    assert ran.err.startswith("error: fleet/dev: clusters/dev.yaml:9:")
    assert "TemplatedValue" in ran.out


def test_one_cluster_with_the_way_to_its_place(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*LOCATE, "--cluster", "prod")

    assert ran.out.splitlines()[1:] == [
        "fleet/prod  v1.33.5  literal  clusters/prod.yaml:9  img-v1.33.5",
        "",
        "fleet/prod: where its version is",
        "  1 of 2 files name prod and Cluster API",
        "  clusters/prod.yaml:1: this is Cluster fleet/prod",
        "  clusters/prod.yaml:9: version: literal at /spec/topology/version",
    ]
    assert (ran.status, ran.err) == (0, "")
    (all_of_them,) = {cluster["trail"] for cluster in gitops_upgrader(*LOCATE, "-o", "json").json["clusters"]}
    assert all_of_them is None


def test_names_steer_no_terminal(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    text = fleet.people.read("main", "clusters/prod.yaml").replace("namespace: fleet", 'namespace: "n\\es"')
    fleet.people.commit({"clusters/prod.yaml": text})

    ran = gitops_upgrader(*LOCATE, "--cluster", "prod")

    assert "n\ufffds/prod: where its version is" in ran.out
    assert "\x1b" not in ran.out + ran.err


SUBSTITUTE = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: dev, namespace: flux-system}
spec: {path: ./clusters, postBuild: {substitute: {VERSION: v1.33.5}}}
"""
SNIPPET = 'targets: [{path: "flux.yaml", pointer: "/spec/postBuild/substitute/VERSION"}]'


def test_what_settles_a_refusal_is_told(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    text = fleet.people.read("main", "clusters/dev.yaml").replace("v1.33.5", "${VERSION}", 1)
    fleet.people.commit({"clusters/dev.yaml": text, "flux.yaml": SUBSTITUTE})

    for which in (("--cluster", "dev"), ()):
        ran = gitops_upgrader(*LOCATE, *which)

        assert ran.status == 1
        assert "TemplatedValue" in ran.out
        assert f"It looks as if it came from flux.yaml:4 (v1.33.5) with {SNIPPET}." in ran.err


def test_of_many_templated_clusters_some_say_what_settles_them(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    text = fleet.people.read("main", "clusters/dev.yaml").replace("v1.33.5", "${VERSION}", 1)
    files = {f"clusters/dev-{index}.yaml": text.replace("name: dev", f"name: dev-{index}", 1) for index in range(5)}
    fleet.people.commit({**files, "flux.yaml": SUBSTITUTE})

    ran = gitops_upgrader(*LOCATE)

    assert "note: 2 more are templated. With --cluster, locate looks for what fills them too.\n" in ran.err
    assert ran.err.count(SNIPPET) == 3
    assert ran.err.count("error: fleet/dev-") == 5


def test_what_cannot_be_read_is_noted(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    template = "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata:\n  {{- if .x }}\n"
    fleet.people.commit({"chart/templates/cluster.yaml": template})

    ran = gitops_upgrader(*LOCATE)

    assert ran.err.startswith("note: left out: chart/templates/cluster.yaml:4:3: This Cluster is in a Helm template")
    assert (ran.status, len(ran.err.splitlines()), len(ran.out.splitlines())) == (0, 1, 3)

    fleet.people.commit({f"chart/templates/{index}.yaml": template for index in range(11)})
    ran = gitops_upgrader(*LOCATE)

    assert ran.err.splitlines()[10:] == ["note: left out: 2 more."]


def test_a_cluster_that_is_made_from_values_is_refused_with_its_template(
    gitops_upgrader: CommandLine, fleet: Fleet
) -> None:
    values = "clusters:\n  - name: made\n    kubernetesVersion: v1.33.5\n"
    fleet.people.commit({"values.yaml": values})

    ran = gitops_upgrader(*LOCATE, "--cluster", "made")

    assert ran.err == (
        "error: No file has a Cluster made. Run it without --cluster to see what there is. It looks as if it came from "
        'values.yaml:3 (v1.33.5) with targets: [{path: "values.yaml", '
        'pointer: "/clusters/[name=made]/kubernetesVersion"}].\n'
    )

    template = "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata:\n  name: made\n  {{- if .x }}\n"
    fleet.people.commit({"chart/templates/cluster.yaml": template})
    ran = gitops_upgrader(*LOCATE, "--cluster", "made")

    assert ran.err.startswith("error: chart/templates/cluster.yaml:5:")
    assert "This Cluster is in a Helm template" in ran.err


def test_a_cluster_that_is_not_there(gitops_upgrader: CommandLine) -> None:
    ran = gitops_upgrader(*LOCATE, "--cluster", "gone")

    assert (ran.status, ran.out) == (1, "")
    assert ran.err == "error: No file has a Cluster gone. Run it without --cluster to see what there is.\n"


def test_where_nothing_is_found_it_says_where_was_looked(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    fleet.people.commit({"clusters/dev.yaml": "a: 1\n", "clusters/prod.yaml": None, "apps/README": "# Fleet\n"})
    ran = gitops_upgrader(*LOCATE)
    assert (ran.status, ran.out) == (0, "")
    assert ran.err.startswith(
        "note: no Cluster with a topology is in the 1 YAML and JSON files (of 2 files) on the base branch. "
        "What is not committed there is not looked at"
    )
    ran = gitops_upgrader(*LOCATE, "--path", "nothing", "--path", "more/*", "-o", "json")
    assert ran.json["clusters"] == []
    assert "in the 0 YAML and JSON files (of 0 files) below nothing or more/* on the base branch" in ran.err


def test_a_cluster_whose_name_is_filled_in_is_no_copy_of_another(gitops_upgrader: CommandLine, fleet: Fleet) -> None:
    manifest = "apiVersion: cluster.x-k8s.io/v1beta1\nkind: Cluster\nmetadata:\n  name: {}\nspec: {}\n"
    literal, templated = "{topology: {class: c, version: v1.33.5}}", '{topology: {class: c, version: "${{V}}"}}'
    fleet.people.commit(
        {
            "a.yaml": manifest.format("{{ .Release.Name }}", literal),
            "b.yaml": manifest.format("{{ .Release.Name }}", templated),
            "c.yaml": manifest.format("${NAME}", literal),
            "d.yaml": manifest.format("${NAME}", literal),
        }
    )
    ran = gitops_upgrader(*LOCATE)
    assert ran.status == 1
    assert [line.split() for line in ran.out.splitlines()[1:] if line[1] == "/"] == [
        ["-/${NAME}", "v1.33.5", "TemplatedValue", "c.yaml:5", "-"],
        ["-/${NAME}", "v1.33.5", "TemplatedValue", "d.yaml:5", "-"],
        ["-/{{", ".Release.Name", "}}", "v1.33.5", "TemplatedValue", "a.yaml:5", "-"],
        ["-/{{", ".Release.Name", "}}", "?", "TemplatedValue", "b.yaml:1", "-"],
    ]
    assert "error: -/${NAME}: c.yaml:1: ${NAME} fills in its name" in ran.err
    assert "There is another" not in ran.err


@pytest.mark.parametrize("name", ["prod", "fleet/prod"])
def test_the_place_that_a_comment_names_is_the_one_that_is_proposed(
    name: str, gitops_upgrader: CommandLine, fleet: Fleet
) -> None:
    comment = '# {"$gitops-upgrader": "cluster/fleet/prod:version"}'
    fleet.people.commit({"values.yaml": f"version: v1.33.4 {comment}\n"})
    located = gitops_upgrader(*LOCATE, "--cluster", name)
    assert located.out.splitlines()[1].split()[:4] == ["fleet/prod", "v1.33.4", "marker", "values.yaml:1"]
    options = ("--cluster", name, "--to", "v1.34.2", "--dry-run", "-o", "diff")
    proposed = gitops_upgrader("propose", "--repo", "fleet.git", *options)
    assert f"+version: v1.34.2 {comment}" in proposed.out.splitlines()
