"""A large fleet on a real API server and a real Gitea: the controller's time, memory, requests and reaction.

The controller runs as a process of its own, with the rights that `install` prints. All clusters are in one repository,
and everybody else is at rest, as on most days. Then comes

1. the start with 2,000 upgraders, 2,000 Clusters and 200 MachineImages that the controller has never seen;
2. an idle while;
3. an image for one cluster, several times: from "the image is ready" to "the pull request is open";
4. a release for the whole fleet: each upgrader has a hop, `maxOpen` pull requests are opened, and the others hold;
5. an idle while with these open;
6. a restart, after which nothing may be written.

`maxOpen` is what it is by default, 10: people merge no 2,000 pull requests a day. `--max-open` raises it.
"""

from __future__ import annotations

import statistics
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from gitops_upgrader.runtime.installation import NAME, Installation, render
from tests.bench import accounts, controller, fleet, repository
from tests.bench.accounts import Log
from tests.bench.budget import Budget
from tests.bench.comparison import scratch
from tests.bench.controller import Controller
from tests.bench.fleet import Fleet
from tests.need import need
from tests.servers import control_plane, gitea
from tests.servers.gitea import GiteaRepository
from tests.servers.kubernetes import KubernetesServer

MEMORY: Final = 250.0
"""MB that the process may take."""
REACTION: Final = 2.0
"""Seconds from a ready image to an open pull request, on loopback."""
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_GITEA_PAGE: Final = 50
"""Gitea's own default."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is.

    Attributes:
        max_open: how many pull requests are open at most.
        canaries: clusters that get an image of their own, one after the other.
        interval: seconds between two looks at the repository.
        idle: seconds for which nothing happens and requests are counted.
    """

    clusters: int = 2_000
    images: int = 200
    max_open: int = 10
    canaries: int = 5
    interval: int = 20
    idle: int = 60


@dataclass(slots=True)
class World:
    """The servers, and what they write down."""

    load: Load
    folder: Path
    fleet: Fleet
    forge: GiteaRepository
    kubeconfig: Path
    asked: Log
    pulled: Log
    opened: list[str] = field(default_factory=list)

    def controller(self) -> Any:
        """Run a controller with the rights of the installation."""
        return controller.running(self.folder, self.kubeconfig, "--lease-namespace", NAME, "--log-level", "warning")


def run(load: Load | None = None) -> Iterator[Budget]:
    """Measure."""
    with world(load or Load()) as made:
        size = f"{made.load.clusters:,} upgraders and Clusters, {made.load.images} images"
        with made.controller() as first:
            yield Budget(f"{size}: start until settled", first.settled(since=first.begun), "s")
            yield Budget("  CPU that it took", first.cpu, "s")
            _expect(made, up_to_date=made.load.clusters)
            yield from _idle(made, first, "up to date")
            yield from _reaction(made)
            yield from _release(made, first)
            yield from _idle(made, first, "waiting for people")
        made.asked.skip()
        with made.controller() as second:
            yield Budget(f"{size}: restart until settled", second.settled(since=second.begun), "s")
            yield Budget("  CPU that it took", second.cpu, "s")
            yield Budget("  writes after the restart", _writes(accounts.of_kubernetes(made.asked)), "writes", 0)
            yield Budget("  resident memory after the restart, at most", second.memory.most, "MB", MEMORY)


# --- the phases -------------------------------------------------------------------------------------------------------


def _idle(made: World, running: Controller, when: str) -> Iterator[Budget]:
    """Requests while nothing happens, and what they cost each interval."""
    load, begun = made.load, time.monotonic()
    made.asked.skip()
    made.pulled.skip()
    threading.Event().wait(load.idle)
    asked, pulled = accounts.of_kubernetes(made.asked), accounts.of_gitea(made.pulled, whole_looks=True)
    seconds = time.monotonic() - begun  # more than was waited for, on a machine that stalls
    minutes, memory = seconds / 60, running.memory
    by_verb: Counter[str] = Counter()
    for (verb, resource), number in asked.items():
        by_verb[f"{verb} leases" if resource == "leases" else verb] += number
    told = ", ".join(f"{verb} {number / minutes:g}" for verb, number in sorted(by_verb.items()))
    yield Budget(f"idle, {when}: API requests each minute ({told})", asked.total() / minutes, "requests")
    yield Budget("  writes, but for the Lease", _writes(asked), "writes", 0)
    # A look comes up to a tenth of the interval sooner, so that what began together does not stay together.
    looks = pulled["look-up"]
    yield Budget(f"  looks at the repository in {seconds:.0f} s", looks, "looks", seconds // (0.9 * load.interval) + 1)
    calls = pulled.total() - looks
    yield Budget(f"  forge requests for each look ({_told(pulled)})", calls / max(looks, 1), "requests", 1)
    yield Budget("  resident memory now", memory.now, "MB", MEMORY)
    yield Budget("  resident memory, at most so far", memory.most, "MB", MEMORY)


def _reaction(made: World) -> Iterator[Budget]:
    """An image of its own for one cluster after the other."""
    made.pulled.skip()
    times = [_react(made, number) for number in range(made.load.canaries)]
    told = ", ".join(f"{seconds:.2f}" for seconds in times)
    name = f"from a ready image to an open pull request, median of {told}"
    yield Budget(name, statistics.median(times), "s", REACTION)


def _react(made: World, number: int) -> float:
    """Seconds from a ready image to the pull request of a cluster that waits for it."""
    name = f"canary-{number}"
    made.fleet.create([fleet.image(f"{name}-{fleet.NEXT}", fleet.NEXT, {"canary": str(number)})])
    ready = _awaited(lambda: _is_ready(made, f"{name}-{fleet.NEXT}"), "the image is ready")
    return _awaited(lambda: _opened(made) > 0, "a pull request is open") - ready


def _release(made: World, running: Controller) -> Iterator[Budget]:
    """A release that all of the fleet shall have."""
    load = made.load
    begun, before = time.monotonic(), running.cpu
    names = [f"{system}-{fleet.NEXT}" for system in fleet.SYSTEMS]
    made.fleet.create(
        fleet.image(name, fleet.NEXT, {"os": system}) for name, system in zip(names, fleet.SYSTEMS, strict=True)
    )
    free = load.max_open - load.canaries
    first = _awaited(lambda: _opened(made) > 0, "a pull request is open", seconds=1800)
    yield Budget("a release for the whole fleet: until the first pull request is open", first - begun, "s")
    settled = running.settled(since=begun)
    yield Budget(f"  until {free} are open, and the others hold", settled, "s")
    yield Budget("  CPU that it took", running.cpu - before, "s")
    _expect(made, open=load.max_open, holding=load.clusters + load.canaries - load.max_open)


def _expect(made: World, **wanted: int) -> None:
    """See that what was measured is what should have been done."""
    items = made.fleet.items("ClusterClassClusterUpgrader")
    planned, proposed = fleet.counted(items, "Planned"), fleet.counted(items, "Proposed")
    found = {
        "up_to_date": planned.get("UpToDate", 0),
        "open": sum(proposed.get(reason, 0) for reason in ("Opened", "Unchanged", "Updated")),
        "holding": proposed.get("LimitReached", 0),
    }
    if any(found[name] != number for name, number in wanted.items()):
        raise AssertionError(f"expected {wanted}, found Planned {planned}, Proposed {proposed}; see {made.folder}")


# --- what is looked at ------------------------------------------------------------------------------------------------


def _writes(asked: Counter[tuple[str, str]]) -> int:
    return sum(
        number for (verb, resource), number in asked.items() if verb not in accounts.READS and resource != "leases"
    )


def _told(counted: Counter[str]) -> str:
    return ", ".join(f"{what} {number}" for what, number in sorted(counted.items()))


def _opened(made: World) -> int:
    """How many pull requests were opened since the last look."""
    return sum(
        number
        for what, number in accounts.of_gitea(made.pulled).items()
        if what.startswith("POST ") and what.endswith("/pulls")
    )


def _is_ready(made: World, name: str) -> bool:
    found = made.fleet.server.api("GET", made.fleet.path("MachineImage", name))
    return bool((found.get("status") or {}).get("ready"))


def _awaited(holds: Any, what: str, *, seconds: float = 120.0) -> float:
    """When something was seen to hold."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while not holds():
        if time.monotonic() > end:
            raise AssertionError(f"after {seconds:g} s it is still not so that {what}")
        pause.wait(0.005)
    return time.monotonic()


# --- the world --------------------------------------------------------------------------------------------------------


@contextmanager
def world(load: Load) -> Iterator[World]:
    """Start the servers, and have everything there but a controller."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        account = {"NAMESPACE": NAME, "NAME": NAME}
        policy = accounts.POLICY
        for word, value in account.items():
            policy = policy.replace(word, value)
        (folder / "audit.yaml").write_text(policy, encoding="utf-8")
        home = folder / "kubernetes"
        home.mkdir()
        audit = (f"--audit-policy-file={folder / 'audit.yaml'}", f"--audit-log-path={folder / 'audit.log'}")
        plane = stack.enter_context(control_plane.running(home, api_server=audit))
        server = KubernetesServer.of(plane.about(), home)
        (folder / "gitea").mkdir()
        forge = stack.enter_context(gitea.running(folder / "gitea", page=_GITEA_PAGE)).repository("fleet")
        _push(folder / "fleet.git", forge, load)
        _install(server)
        made = Fleet(server)
        made.install_clusters()
        server.namespace(name=made.namespace)
        _populate(made, forge, load)
        kubeconfig = server.kubeconfig_for(NAME, NAME)
        yield World(
            load, folder, made, forge, kubeconfig, Log(folder / "audit.log"), Log(folder / "gitea/log/access.log")
        )


def _push(bare: Path, forge: GiteaRepository, load: Load) -> None:
    repository.create(bare, load.clusters + load.canaries)
    user = forge.server.upgrader
    url = forge.url.replace("://", f"://{user.login}:{user.token}@")
    order = [str(need("git")), "-C", str(bare), "push", "--quiet", "--force", url, "main:main"]
    subprocess.run(order, check=True, capture_output=True)


def _install(server: KubernetesServer) -> None:
    """Give the controller exactly what `install` prints; the Deployment stays out, as there are no nodes."""
    server.install_crds()
    server.namespace(name=NAME)
    for content in yaml.safe_load_all(render(Installation())):
        name, kind = content["metadata"]["name"], content["kind"]
        namespace = content["metadata"].get("namespace")
        home = f"/namespaces/{namespace}" if namespace else ""
        if kind == "ServiceAccount":
            server.apply(f"/api/v1{home}/serviceaccounts/{name}", content)
        elif content["apiVersion"].startswith("rbac.authorization.k8s.io/"):
            server.apply(f"{_RBAC}{home}/{kind.lower()}s/{name}", content)


def _populate(made: Fleet, forge: GiteaRepository, load: Load) -> None:
    everybody = range(load.clusters + load.canaries)
    made.create(fleet.live(number) for number in everybody)
    made.create(fleet.images(load.images))
    made.create(fleet.plan(system, {"os": system}) for system in fleet.SYSTEMS)
    made.create(fleet.plan(f"canary-{number}", {"canary": str(number)}) for number in range(load.canaries))
    made.create([fleet.secret(forge), fleet.of_repository(forge.url, load.max_open, f"{load.interval}s")])
    made.create(fleet.upgrader(number, _plan_of(number, load)) for number in everybody)


def _plan_of(number: int, load: Load) -> str:
    canary = number - load.clusters
    return f"canary-{canary}" if canary >= 0 else fleet.SYSTEMS[number % len(fleet.SYSTEMS)]
