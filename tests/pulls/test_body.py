"""The body of a pull request: what the reviewer reads, and that nobody's text gets lost or gets out."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.git import Person
from gitops_upgrader.model import Edit, Span, Target
from gitops_upgrader.pulls import marker as markers
from gitops_upgrader.pulls.body import (
    BEGIN,
    END,
    _fitted,
    asks_for_rebuild,
    commit_message,
    merged_body,
    rewritten,
    section,
)
from gitops_upgrader.pulls.desired import Change, Desired
from gitops_upgrader.pulls.marker import Marker
from gitops_upgrader.versions import Version
from tests.pulls.test_markdown import NASTY

V33, V34 = Version.parse("v1.33.5"), Version.parse("v1.34.2")
MARKER = markers.render(Marker("fleet/prod", "main", Target(V33, "a"), Target(V34, "b"), "c" * 40))


def edit(old: str | None, new: str, *, file: str = "clusters/prod.yaml", line: int = 9) -> Edit:
    return Edit(file, 0, line, 14, "/spec/topology/version", old, new, Span(0, 1), b"")


DESIRED = Desired(
    proposer="fleet/prod",
    cluster="fleet/prod",
    base="main",
    base_commit="d" * 40,
    origin=Target(V33, "img-v1.33.5"),
    target=Target(V34, "img-v1.34.2"),
    files={},
    changes=(
        Change(edit("v1.33.5", "v1.34.2"), "version", "https://forge.example/prod.yaml#L9"),
        Change(edit(None, "img-v1.34.2", line=12), "variable imageId"),
    ),
    title="Upgrade prod",
    message="Upgrade prod to Kubernetes v1.34.2",
    author=Person("robot", "robot@example.org"),
    why="Hop v1.33.5 -> v1.34.2: newest image within one minor.",
    considered=("v1.35.0: two minors ahead", "v1.34.1: older than v1.34.2"),
    notes=("A comment beside the version names v1.33.5 (clusters/prod.yaml:9)",),
)

BODY = """\
<!-- gitops-upgrader:begin -->
**`fleet/prod`**: Kubernetes `v1.33.5` → `v1.34.2`

| what | from | to | where |
|---|---|---|---|
| `version` | `v1.33.5` | `v1.34.2` | [`clusters/prod.yaml:9`](https://forge.example/prod.yaml#L9) |
| `variable imageId` | (absent) | `img-v1.34.2` | `clusters/prod.yaml:12` |

> **Note.** A comment beside the version names v1.33.5 (clusters/prod.yaml:9)

**Why.** Hop v1.33.5 -> v1.34.2: newest image within one minor.

**Also considered.**

- v1.35.0: two minors ahead
- v1.34.1: older than v1.34.2

**After the merge.** Flux or Argo CD applies the manifest, and Cluster API rolls the control plane first and the \
workers after it. Until that has ended, Cluster API refuses a further change of the version.

**A revert is no rollback.** Cluster API refuses to decrease a cluster's version, so a reverted upgrade fails in the \
API server, and Flux or Argo CD stays failed until Git says the new version again. Mend a bad upgrade forwards: with \
a newer image or a newer patch release.

- [ ] <!-- gitops-upgrader:rebuild --> Tick this to have the branch rebuilt on the base.

<sub>Proposed by `fleet/prod`. Close this pull request to refuse `v1.34.2 img-v1.34.2`: it will not come back, a newer \
one may. Push to the branch, and it is yours.</sub>

MARKER
<!-- gitops-upgrader:end -->"""


def test_what_the_reviewer_reads() -> None:
    assert section(DESIRED, "MARKER") == BODY


def test_a_reviewer_of_an_image_alone_reads_of_the_image() -> None:
    refreshed = replace(DESIRED, target=Target(V33, "img-v1.33.5-2"))

    body = section(refreshed, "MARKER")

    assert body.splitlines()[1] == "**`fleet/prod`**: another image at Kubernetes `v1.33.5`"
    assert "**The way back.**" in body
    assert "refuses to decrease" not in body


def test_what_the_history_says() -> None:
    assert commit_message(replace(DESIRED, sign_off=True)) == (
        "Upgrade prod to Kubernetes v1.34.2\n"
        "\n"
        "clusters/prod.yaml:9: version: v1.33.5 -> v1.34.2\n"
        "clusters/prod.yaml:12: variable imageId: (absent) -> img-v1.34.2\n"
        "\n"
        "Gitops-Upgrader: fleet/prod\n"
        "Gitops-Upgrader-Target: v1.34.2 img-v1.34.2\n"
        "Signed-off-by: robot <robot@example.org>\n"
    )


@pytest.mark.parametrize("nasty", NASTY)
def test_nothing_from_outside_breaks_out(nasty: str) -> None:
    change = Change(replace(edit(nasty, nasty), file=nasty or "x"), nasty)
    desired = replace(
        DESIRED,
        proposer=nasty,
        cluster=nasty,
        target=Target(V34, nasty),
        changes=(change,),
        why=nasty,
        considered=(nasty,),
        notes=(nasty,),
    )

    body = merged_body("", section(desired, MARKER))

    assert body.count(BEGIN) == body.count(END) == 1
    assert body.count("<!--") == body.count("-->") == 4  # begin, rebuild, marker, end
    assert markers.PATTERN.findall(body) == markers.PATTERN.findall(MARKER)
    assert not asks_for_rebuild(body)
    table = [line for line in body.splitlines() if line.startswith("|")]
    assert len(table) == 3
    assert {line.replace("\\|", "").count("|") for line in table} == {5}


PEOPLE = st.text(max_size=80).filter(lambda text: "gitops-upgrader" not in text)


@given(PEOPLE, PEOPLE)
def test_peoples_text_around_ours_stays_byte_for_byte(before: str, after: str) -> None:
    old, new = section(DESIRED, MARKER), section(replace(DESIRED, why="Another reason."), MARKER)

    assert merged_body(f"{before}{old}{after}", new) == f"{before}{new}{after}"


@given(PEOPLE)
def test_a_body_without_ours_keeps_its_text(text: str) -> None:
    merged = merged_body(text, section(DESIRED, MARKER))

    assert merged.startswith(text if text.strip() else BEGIN)
    assert merged.count(BEGIN) == 1
    assert markers.read(merged) is not None


@pytest.mark.parametrize("lost", [BEGIN, END])
def test_a_half_deleted_section_is_told_anew_and_once(lost: str) -> None:
    broken = f"Above.\n{section(DESIRED, MARKER).replace(lost, '')}\nBelow.\n"
    newer = MARKER.replace("c" * 40, "e" * 40)

    merged = merged_body(broken, section(DESIRED, newer))
    again = merged_body(merged, section(DESIRED, newer))

    assert merged == again
    assert (merged.count(BEGIN), merged.count(END)) == (1, 1)
    assert markers.PATTERN.findall(merged) == markers.PATTERN.findall(newer)
    assert "Above." in merged
    assert "Below." in merged


def test_a_section_that_somebody_copied_is_told_once() -> None:
    twice = f"{section(DESIRED, MARKER)}\n\n{section(DESIRED, MARKER)}"

    merged = merged_body(twice, section(DESIRED, MARKER))

    assert merged.count(BEGIN) == 1
    assert len(markers.PATTERN.findall(merged)) == 1


@pytest.mark.parametrize(
    ("line", "asked"),
    [
        ("- [x] <!-- gitops-upgrader:rebuild --> Tick this", True),
        ("- [X] <!-- gitops-upgrader:rebuild --> Tick this\r", True),
        ("* [x] <!-- gitops-upgrader:rebuild -->", True),
        ("- [ ] <!-- gitops-upgrader:rebuild --> Tick this", False),
        ("- [x] Something else", False),
        ("", False),
    ],
)
def test_the_rebuild_box(line: str, *, asked: bool) -> None:
    assert asks_for_rebuild(f"Words.\n{line}\nMore.") is asked


def test_many_edits_are_counted() -> None:
    changes = tuple(Change(edit("v1.33.5", "v1.34.2", line=line), "version") for line in range(1, 251))
    considered = tuple(f"v1.34.{patch}: older" for patch in range(30))

    body = section(replace(DESIRED, changes=changes, considered=considered), MARKER)

    assert "| and 50 more | | | |" in body
    assert "- and 10 more" in body


LONG_IDS = tuple(
    Change(edit("a" * 1024, "\N{ROCKET}" * 1024, line=line), "variable imageId", f"https://forge.example/{'p' * 500}")
    for line in range(1, 251)
)
LONGEST = {
    "many images with long ids": replace(DESIRED, changes=LONG_IDS),
    "many long notes": replace(DESIRED, notes=("x" * 5000,) * 100),
    "much that was considered": replace(DESIRED, considered=("y" * 5000,) * 100),
    "all of it": replace(DESIRED, changes=LONG_IDS, notes=("x" * 5000,) * 100, considered=("y" * 5000,) * 100),
}
GITHUBS_LIMIT = 65_536


@pytest.mark.parametrize("people", ["", "Please wait for Friday.\n" * 2500], ids=["alone", "below people's words"])
@pytest.mark.parametrize("name", LONGEST)
def test_a_body_is_never_too_long_and_always_says_what_counts(name: str, people: str) -> None:
    body = rewritten(f"{people}{section(DESIRED, MARKER)}\nBelow.\n", LONGEST[name], MARKER)

    assert len(body) + 100 < GITHUBS_LIMIT
    assert body.startswith(f"{people}{BEGIN}\n")
    assert body.endswith(f"{END}\nBelow.\n")
    assert markers.read(body) is not None
    for words in ("| and ", " more", "**Why.**", "**A revert is no rollback.**", "gitops-upgrader:rebuild", "refuse"):
        assert words in body or (words == "| and " and len(LONGEST[name].changes) == 2)
    assert rewritten(body, LONGEST[name], MARKER) == body


@given(st.lists(st.text("abc", max_size=30), max_size=30), st.integers(-10, 900))
def test_as_many_lines_as_there_is_room_for(lines: list[str], room: int) -> None:
    found = _fitted(lines, room, "and {} more")

    first_ones = (
        [*lines[:shown], *([f"and {len(lines) - shown} more"] if shown < len(lines) else [])]
        for shown in range(min(len(lines), 20) + 1)
    )
    assert found in ["\n".join(some) for some in first_ones]
    assert len(found) <= max(room, len("and 30 more"))
