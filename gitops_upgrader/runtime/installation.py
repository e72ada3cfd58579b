"""Everything that a management cluster needs to run the controller, as manifests that never differ from run to run."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from gitops_upgrader import __version__
from gitops_upgrader.api.crds import crds
from gitops_upgrader.runtime import rbac, workload
from gitops_upgrader.runtime.shards import Shard, split

NAME: Final = workload.NAME
"""What all objects are called, and the Lease of the election; the names of further shards begin with it."""
IMAGE: Final = f"{NAME}:{__version__}"
"""The container image of this release as `docker build` makes it. Whoever publishes one names a registry."""

_SELECTOR: Final = {"app.kubernetes.io/name": NAME}
"""The labels of all Pods of ours, whatever their shard."""
_COMPONENT: Final = "app.kubernetes.io/component"
_LABELS: Final = {
    **_SELECTOR,
    _COMPONENT: "controller",
    "app.kubernetes.io/version": __version__.replace("+", "-"),
}


@dataclass(frozen=True, slots=True)
class Installation:
    """What a person says about it.

    Attributes:
        image: the container image.
        namespace: where the controller runs.
        watched: the namespaces of the custom resources; none for all that there are.
        instance: tells management clusters apart that share a repository.
        pod_monitor: whether the Prometheus operator is told to scrape; its CRDs have to be there.
        shard_key, shards: the label by which the fleet is split, and its values that have a Deployment of their own.
    """

    image: str = IMAGE
    namespace: str = NAME
    watched: tuple[str, ...] = ()
    instance: str | None = None
    pod_monitor: bool = False
    shard_key: str = ""
    shards: tuple[str, ...] = ()

    @property
    def parts_of_fleet(self) -> tuple[Shard, ...]:
        """One for each Deployment."""
        return split(NAME, self.shard_key, self.shards)


@dataclass(frozen=True, slots=True)
class Part:
    """One object, and what people should know about it, in sentences."""

    content: Mapping[str, Any]
    why: str


def parts(installation: Installation) -> tuple[Part, ...]:
    """The objects beside the CRDs, in an order in which they can be applied."""
    return (_namespace(installation), *_accounts(installation), *_roles_of_people(), *_workload(installation))


def render(installation: Installation) -> str:
    """All of it as YAML for `kubectl apply`: the namespace, the CRDs, and what needs both."""
    home, *others = (_text(part) for part in parts(installation))
    return "---\n".join([home, *crds().values(), *others])


def _namespace(installation: Installation) -> Part:
    profile = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("audit", "enforce", "warn")}
    content = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": installation.namespace, "labels": {**_LABELS, **profile}},
    }
    return Part(content, "Where the controller runs. Nothing in it needs more than the restricted profile.")


def _accounts(installation: Installation) -> Iterator[Part]:
    """Who the controller is, and what it may do."""
    account = (installation.namespace, NAME)
    yield Part(
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": NAME, "namespace": installation.namespace, "labels": dict(_LABELS)},
            "automountServiceAccountToken": False,
        },
        "Who the controller is. The Deployment alone mounts its token.",
    )
    leases = (shard.name for shard in installation.parts_of_fleet)
    election = rbac.role(f"{NAME}-leader-election", rbac.election_rules(leases), _LABELS, installation.namespace)
    yield Part(election, "The election of the replica that works, in each shard one.")
    yield _bound(election, account, installation.namespace)
    foreign = rbac.aggregated_role(f"{NAME}-foreign-kinds", _LABELS)
    yield Part(foreign, _FOREIGN)
    for place in installation.watched or (None,):
        controller = rbac.role(NAME, rbac.controller_rules(), _LABELS, place)
        yield Part(controller, _RIGHTS if place else f"{_RIGHTS} {_EVERYWHERE}")
        yield _bound(controller, account, place)
        yield _bound(foreign, account, place)


_RIGHTS = (
    "What the controller does. Secrets are read for credentials, signing keys and keyrings, which may be changed or "
    "come later: so they are watched, as metadata; a whole one is read only when an object names it. Pods are "
    "listed for what a failed build has said. Clusters are read to see what became of a merge; nothing ever writes to "
    "them. The finalizers are asked for where owner references are checked (OpenShift)."
)
_EVERYWHERE = "To keep it to some namespaces, print this with --watch-namespace."
_FOREIGN = (
    "Sources and plans of other kinds than ours. To let the controller read a kind, give a ClusterRole with get, list "
    f'and watch on it the label {rbac.AGGREGATION_LABEL}: "true". Its rules are filled in by the control plane.'
)


def _bound(role: Mapping[str, Any], account: tuple[str, str], place: str | None) -> Part:
    where = f"In {place}" if place else "In all namespaces"
    name = role["metadata"]["name"]
    return Part(rbac.binding(name, role, account, _LABELS, place), f"{where}, the controller may do what {name} says.")


def _roles_of_people() -> Iterator[Part]:
    aggregate = f"{rbac.RBAC_GROUP}/aggregate-to"
    for name, rules, into in (("view", rbac.view_rules(), ("view",)), ("edit", rbac.edit_rules(), ("edit", "admin"))):
        labels = {**_LABELS, **{f"{aggregate}-{role}": "true" for role in sorted(into)}}
        verb = "see" if name == "view" else "change"
        yield Part(
            rbac.role(f"{NAME}-{name}", rules, labels),
            f"Whoever has the role {' or '.join(into)} may {verb} the custom resources as well.",
        )


def _workload(installation: Installation) -> Iterator[Part]:
    for shard in installation.parts_of_fleet:
        yield _deployment(installation, shard)
    place = (NAME, installation.namespace, _LABELS, _SELECTOR)
    yield Part(workload.service(*place), "Metrics, by Service.")
    yield Part(
        workload.network_policy(*place),
        "Nothing comes in but to the port of metrics and probes. What goes out leads to the API server, name servers, "
        "forges and package repositories, which the custom resources name: restrict it where you know them all.",
    )
    if installation.pod_monitor:
        yield Part(workload.pod_monitor(*place), "Metrics of each replica, for the Prometheus operator.")


def _deployment(installation: Installation, shard: Shard) -> Part:
    arguments = [f"--namespace={namespace}" for namespace in installation.watched]
    if installation.instance:
        arguments.append(f"--instance={installation.instance}")
    component = {_COMPONENT: shard.component}
    content = workload.deployment(
        shard.name,
        installation.namespace,
        {**_LABELS, **component},
        {**_SELECTOR, **component},
        installation.image,
        [*arguments, *shard.arguments],
    )
    why = "Two replicas: one works, the other one takes over within seconds. Both folders may be lost at any time."
    if shard.selector:
        why = f"For the objects with {shard.selector}. {why}"
    return Part(content, why)


# --- text -------------------------------------------------------------------------------------------------------------


class _Dumper(yaml.SafeDumper):
    """Lists indented as people do it, no anchors."""

    def ignore_aliases(self, data: object) -> bool:
        """Write shared parts out, as people would."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent lists below their key."""
        super().increase_indent(flow, indentless=False)


_WIDTH = 100


def _text(part: Part) -> str:
    dumped = yaml.dump(dict(part.content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return f"{_comment(part.why)}{dumped}"


def _comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, _WIDTH - 2, break_on_hyphens=False))
