"""The page that a person opens: whole, readable, and never steered by what is shown on it."""

from __future__ import annotations

import pytest

from gitops_upgrader.reports.job_summary import LIMIT, STARTS_NO_WORKFLOW, job_summary
from tests.reports.proposals import DIFF, document, proposal, pull

PAGE = f"""\
## Cluster upgrades

1 **failed**, 1 opened, 1 closed, 1 waits.

| Cluster | Now | Next | Pull request | | Why |
|---|---|---|---|---|---|
| fleet/dev | v1.34.2 |  |  | waits | It is up to date. |
| fleet/old | v1.33.5 | v1.34.2 | [#2](https://example.org/fleet/pulls/2) | closed | Superseded. |
| fleet/prod | v1.33.5 | v1.34.2 | [#1](https://example.org/fleet/pulls/1) | opened | \
Hop v1.33.5 -&gt; v1.34.2: newest image within one minor. |
| fleet/stray |  |  |  | **failed** | No file has a Cluster stray. |

### Errors

- **ClusterNotFound** No file has a Cluster stray.

> [!NOTE]
> {STARTS_NO_WORKFLOW}

<details><summary>fleet/prod: v1.33.5 → v1.34.2</summary>

```diff
{DIFF}```

</details>
"""


def test_a_page() -> None:
    there = {"version": "v1.34.2", "image": None}
    found = job_summary(
        document(
            proposal("fleet/dev", "hold", message="It is up to date.", **{"from": there, "to": there}),
            proposal("fleet/old", "close", message="Superseded.", pullRequest=pull(2, "closed")),
            proposal("fleet/prod"),
            proposal(
                "fleet/stray",
                "error",
                message="No file has a Cluster stray.",
                diff="",
                pullRequest=None,
                **{"from": None, "to": None},
            ),
            errors=[{"object": "x", "reason": "ClusterNotFound", "message": "No file has a Cluster stray."}],
        ),
        dry_run=False,
        notices=[STARTS_NO_WORKFLOW],
    )
    assert found == PAGE


def test_a_dry_run_says_so() -> None:
    found = job_summary(document(proposal(pullRequest=None)), dry_run=True)
    assert "A dry run: nothing was pushed, nothing was opened." in found
    assert "1 would be opened." in found


def test_nothing_to_do_is_said() -> None:
    assert job_summary(document(), dry_run=False) == "## Cluster upgrades\n\nThere is nothing to do.\n"


def test_a_run_that_ended_early_says_why() -> None:
    found = job_summary(document(), dry_run=False, failure="There is no *folder*.")
    assert found == "## Cluster upgrades\n\n> [!CAUTION]\n> There is no \\*folder\\*.\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", r"a \| b"),
        ("<img src=x>", r"&lt;img src=x&gt;"),
        ("[click](javascript:x)", r"\[click\]\(javascript:x\)"),
        ("two\nlines\r\n## three", r"two lines \#\# three"),
        ("`code` *b* _i_ ~s~ ![x]", r"\`code\` \*b\* \_i\_ \~s\~ \!\[x\]"),
        ("back\\slash &amp;", r"back\\slash &amp;amp;"),
    ],
)
def test_text_from_outside_is_only_text(text: str, shown: str) -> None:
    found = job_summary(document(proposal("c", "hold", message=text)), dry_run=False)
    assert f"| waits | {shown} |\n" in found


def test_a_diff_cannot_end_its_block() -> None:
    hostile = "+```\n+</details>\n+````\n"
    found = job_summary(document(proposal("<b>", diff=hostile)), dry_run=False)
    assert "<summary>&lt;b&gt;: v1.33.5 → v1.34.2</summary>" in found
    assert f"\n`````diff\n{hostile}`````\n" in found


@pytest.mark.parametrize(
    ("url", "cell"),
    [
        ("file:///srv/fleet.git/pulls/1.md", "#1"),
        ("javascript:alert(1)", "#1"),
        ("https://example.org/a b)c<d|e", "[#1](https://example.org/a%20b%29c%3Cd%7Ce)"),
    ],
)
def test_only_addresses_of_the_web_are_links(url: str, cell: str) -> None:
    found = job_summary(document(proposal(pullRequest={**pull(1), "url": url})), dry_run=False)
    assert f"| v1.34.2 | {cell} | opened |" in found


def test_a_large_fleet_stays_within_what_a_page_takes() -> None:
    fleet = [proposal(f"fleet/c{number}", "hold") for number in range(5_000)]
    busy = [proposal(f"fleet/x{number}", diff=DIFF * 100) for number in range(400)]
    found = job_summary(document(*fleet, *busy), dry_run=False)
    assert LIMIT * 0.9 < len(found.encode()) <= LIMIT
    assert "400 opened, 5000 waits." in found
    assert "4900 more clusters are not shown" in found
    assert "| fleet/x399 |" in found
    assert found.endswith("The diffs of the other clusters do not fit in here; their pull requests show them.\n")


def test_even_endless_messages_do_not_break_the_limit() -> None:
    errors = [{"object": "x", "reason": "X", "message": "é" * 5_000}] * 600
    found = job_summary(document(errors=errors), dry_run=False, failure="f")
    assert len(found.encode()) <= LIMIT
    assert found.endswith("The rest does not fit in here; see the log.\n")


def test_many_errors_are_counted() -> None:
    errors = [{"object": "x", "reason": "X", "message": "m"}] * 501
    assert job_summary(document(errors=errors), dry_run=False).endswith("- and 1 more; see the log\n")
