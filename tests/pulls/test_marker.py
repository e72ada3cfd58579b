"""The hidden marker: whatever it holds comes back, hidden, and a damaged one is an error and not an absence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gitops_upgrader.errors import MarkerUnreadable
from gitops_upgrader.model import Target
from gitops_upgrader.pulls import marker as markers
from gitops_upgrader.pulls.marker import Marker, Patch
from gitops_upgrader.versions import Version

V33, V34 = Version.parse("v1.33.5"), Version.parse("v1.34.2+rke2r1")
MARKER = Marker("fleet/prod", "main", Target(V33, "a"), Target(V34, None), "a" * 40)
TEXT = st.text(st.characters(codec="utf-8"), max_size=50) | st.sampled_from(["-->", "<!--", "\u2028", "\0"])


@given(
    st.builds(
        Marker,
        proposer=TEXT,
        base=TEXT,
        origin=st.builds(Target, st.sampled_from([V33, V34]), st.none() | TEXT),
        target=st.builds(Target, st.sampled_from([V33, V34]), st.none() | TEXT),
        head=TEXT,
        instance=st.none() | TEXT,
        retry=st.none() | TEXT,
        closed=st.none() | TEXT,
        settled=st.booleans(),
        waiting=st.booleans(),
        labelled=st.booleans(),
        patch=st.none() | st.builds(Patch, TEXT, TEXT),
        draft=st.none() | st.booleans(),
        switching=st.booleans(),
        unarmed=st.booleans(),
    ),
    TEXT,
    TEXT,
)
def test_any_text_comes_back_and_stays_hidden(marker: Marker, before: str, after: str) -> None:
    hidden = markers.render(marker)

    assert markers.read(f"{before}\n{hidden}\n{after}") == marker
    assert hidden.startswith("<!-- ")
    assert hidden.endswith(" -->")
    assert not set(hidden.removeprefix("<!--").removesuffix("-->")) & set("<>\n\r")
    assert "--" not in hidden.removeprefix("<!--").removesuffix("-->")


def test_what_is_usual_is_not_written() -> None:
    assert markers.render(MARKER) == (
        '<!-- gitops-upgrader {"upgrader":"fleet/prod","base":"main","from":{"version":"v1.33.5","image":"a"},'
        f'"target":{{"version":"v1.34.2+rke2r1"}},"head":"{"a" * 40}"}} -->'
    )


def test_a_marker_of_an_older_release_is_read() -> None:
    written = (
        '<!-- gitops-upgrader {"upgrader":"fleet/prod","base":"main","from":{"version":"v1.33.5"},'
        f'"target":{{"version":"v1.34.2"}},"head":"{"a" * 40}"}} -->'
    )

    found = markers.read(written)

    assert found is not None
    assert (found.patch, found.draft, found.switching) == (None, None, False)
    assert markers.render(found) == written


def test_fields_of_a_newer_release_are_passed_over() -> None:
    text = markers.render(MARKER).replace('{"upgrader"', '{"mood":"good","upgrader"')

    assert markers.read(text) == MARKER


@pytest.mark.parametrize("body", ["", "Hello", "<!-- gitops-upgrader:begin -->", "<!-- other {} -->"])
def test_no_marker(body: str) -> None:
    assert markers.read(body) is None


@pytest.mark.parametrize(
    "damage",
    [
        ('{"upgrader"', '{upgrader"'),
        ('"base":"main",', ""),
        ("v1.33.5", "soon"),
        ('"head"', '"haed"'),
        (" -->", " --"),
        ('"version":"v1.34', '"version":"<v1.34'),
        ('"from":{', '"from":[{'),
    ],
)
def test_a_damaged_marker(damage: tuple[str, str]) -> None:
    whole = markers.render(MARKER)
    damaged = whole.replace(*damage)
    assert damaged != whole

    with pytest.raises(MarkerUnreadable) as error:
        markers.read(f"text\n{damaged}\n")

    assert "edit history" in error.value.remedy


def test_a_marker_is_replaced_where_it_is() -> None:
    body = f"Before.\r\n{markers.render(MARKER)}\r\nAfter.\n"
    other = replace(MARKER, closed="Obsolete")

    changed = markers.replaced(body, other)

    assert changed == f"Before.\r\n{markers.render(other)}\r\nAfter.\n"
    assert markers.replaced("Only words.", other) == f"Only words.\n\n{markers.render(other)}\n"


@pytest.mark.parametrize(("version", "refreshes"), [(V33, True), (V34, False)])
def test_refreshes(version: Version, *, refreshes: bool) -> None:
    assert replace(MARKER, target=Target(version, "b")).refreshes is refreshes
