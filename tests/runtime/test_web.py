"""Health and metrics over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests

from gitops_upgrader.errors import AddressInUse
from gitops_upgrader.model import ObjectKey, PullRequest, PullState
from gitops_upgrader.runtime.metrics import Metrics
from gitops_upgrader.runtime.web import WebServer


class Health:
    sick: str | None = None
    busy: str | None = None


@pytest.fixture
def health() -> Health:
    return Health()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def server(health: Health, metrics: Metrics) -> Iterator[WebServer]:
    made = WebServer(
        ("127.0.0.1", 0), unhealthy=lambda: health.sick, unready=lambda: health.busy, metrics=metrics.render
    )
    with made:
        yield made


def get(server: WebServer, path: str) -> tuple[int, str]:
    with requests.get(f"http://127.0.0.1:{server.port}{path}", timeout=10) as answer:
        return answer.status_code, answer.text


def test_all_is_well(server: WebServer) -> None:
    assert get(server, "/healthz") == (200, "ok\n")
    assert get(server, "/readyz?verbose") == (200, "ok\n")
    assert get(server, "/else")[0] == 404


def test_what_is_wrong_is_said(server: WebServer, health: Health) -> None:
    health.sick, health.busy = "A watch has met a bug.", "Not everything is read yet."

    assert get(server, "/healthz") == (503, "A watch has met a bug.\n")
    assert get(server, "/readyz") == (503, "Not everything is read yet.\n")


def test_metrics_are_in_prometheus_format(server: WebServer, metrics: Metrics) -> None:
    metrics.reconciles.labels("Plan", "succeeded").inc()
    metrics.forge_answered("github", 200, {"x-ratelimit-remaining": "4711"})
    metrics.forge_answered("gitea", 304, {"ratelimit-remaining": "many"})
    metrics.cluster_seen("fleet", "prod", "fleet/prod", "v1.33.5", "v1.34.2", "Proposed")
    metrics.cluster_seen("fleet", "prod", "fleet/prod", "v1.34.2", "", "UpToDate")
    metrics.cluster_seen("fleet", "prod", "fleet/prod", "v1.34.2", "", "UpToDate")

    page = get(server, "/metrics")[1]

    assert 'gitops_upgrader_reconciles_total{kind="Plan",result="succeeded"} 1.0' in page
    assert 'gitops_upgrader_forge_requests_total{provider="github",status="200"} 1.0' in page
    assert 'gitops_upgrader_forge_rate_limit_remaining{provider="github"} 4711.0' in page
    assert 'remaining{provider="gitea"}' not in page
    assert page.count("gitops_upgrader_cluster_info{") == 1
    assert 'phase="UpToDate"' in page
    metrics.cluster_gone("fleet", "prod")
    metrics.cluster_gone("fleet", "prod")
    assert "gitops_upgrader_cluster_info{" not in get(server, "/metrics")[1]


def test_everything_that_people_watch_has_a_metric(metrics: Metrics) -> None:
    page = metrics.render().decode()
    shown = {
        line.split()[2].removeprefix("gitops_upgrader_") for line in page.splitlines() if line.startswith("# TYPE")
    }
    assert {
        *("reconciles_total", "reconcile_duration_seconds", "errors_total", "queue_depth", "leader"),
        *("pull_requests", "git_operations_total", "forge_requests_total", "forge_rate_limit_remaining"),
        *("cluster_info", "watch_interruptions_total", "process_resident_memory_bytes"),
    } <= shown


def test_pull_requests_are_counted_by_state(metrics: Metrics) -> None:
    now = datetime(2026, 11, 1, tzinfo=UTC)
    pulls = tuple(
        PullRequest(number, "", "", "", state, "b", "main", "c", now)
        for number, state in enumerate((PullState.OPEN, PullState.OPEN, PullState.MERGED))
    )
    one, other = (ObjectKey("g", "GitOpsRepository", "fleet", name) for name in ("one", "other"))

    def counted(url: str = "https://git.example/fleet") -> dict[str, float | None]:
        name = "gitops_upgrader_pull_requests"
        return {
            state.value: metrics.registry.get_sample_value(name, {"repository": url, "state": state.value})
            for state in PullState
        }

    for key in (one, other):
        metrics.repository_seen(key, "https://git.example/fleet", pulls)
    assert counted() == {"open": 2, "closed": 0, "merged": 1}
    metrics.repository_gone(one)
    assert counted() == {"open": 2, "closed": 0, "merged": 1}
    metrics.repository_seen(other, "https://git.example/moved", pulls)
    assert counted() == {"open": None, "closed": None, "merged": None}
    assert counted("https://git.example/moved")["open"] == 2
    metrics.repository_gone(one)


def test_an_address_that_is_taken_is_said(server: WebServer) -> None:
    with pytest.raises(AddressInUse, match="Give another address with --listen"):
        WebServer(("127.0.0.1", server.port), unhealthy=lambda: None, unready=lambda: None, metrics=lambda: b"")
