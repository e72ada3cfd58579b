"""The Pods of the controller and what is around them: Deployment, Service, NetworkPolicy, PodMonitor.

They are admitted under the `restricted` profile of kubernetes.io/docs, "Pod Security Standards".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

PORT: Final = 8080
NAME: Final = "gitops-upgrader"
"""What the container and the ServiceAccount are called, whatever the shard."""
_PORT_NAME: Final = "http"
_CACHE: Final = "/cache"
_CACHE_MIB: Final = 8192
_GRACE: Final = 60
"""Seconds to end in: the controller's own 30 for what is under way, and the Lease given back."""

Labels = Mapping[str, str]


def deployment(
    name: str, namespace: str, labels: Labels, selector: Labels, image: str, arguments: Sequence[str]
) -> dict[str, Any]:
    """Two replicas, of which one leads and the other one stands by.

    Args:
        selector: the labels that tell the Pods from others; they can never change.
        arguments: what is said to the controller beyond where its cache is.
    """
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {
            "replicas": 2,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": dict(selector)},
            "template": {
                "metadata": {
                    "labels": dict(labels),
                    "annotations": {"kubectl.kubernetes.io/default-container": NAME},
                },
                "spec": _pod(selector, image, arguments),
            },
        },
    }


def _pod(selector: Labels, image: str, arguments: Sequence[str]) -> dict[str, Any]:
    return {
        "serviceAccountName": NAME,
        "automountServiceAccountToken": True,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": _GRACE,
        # The user is the image's own: OpenShift gives each namespace users of its own, and refuses a fixed one.
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": dict(selector)},
            }
        ],
        "containers": [_container(image, arguments)],
        "volumes": [
            {"name": "cache", "emptyDir": {"sizeLimit": f"{_CACHE_MIB * 5 // 4}Mi"}},
            {"name": "tmp", "emptyDir": {"sizeLimit": "2Gi"}},
        ],
    }


def _container(image: str, arguments: Sequence[str]) -> dict[str, Any]:
    return {
        "name": NAME,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["controller", f"--cache-dir={_CACHE}", f"--cache-size={_CACHE_MIB}", *arguments],
        "env": [
            {"name": "POD_NAMESPACE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
            {"name": "HOME", "value": "/tmp"},  # noqa: S108 (an emptyDir of this Pod alone)
        ],
        "ports": [{"name": _PORT_NAME, "containerPort": PORT, "protocol": "TCP"}],
        "livenessProbe": _probe("/healthz", period=20, failures=3),
        # Ready once everything there is has been read, which takes a while in a large fleet.
        "readinessProbe": _probe("/readyz", period=5, failures=3),
        "resources": {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"cpu": "2", "memory": "1Gi"},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        },
        "volumeMounts": [
            {"name": "cache", "mountPath": _CACHE},
            {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108 (an emptyDir of this Pod alone)
        ],
    }


def _probe(path: str, *, period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": path, "port": _PORT_NAME},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def service(name: str, namespace: str, labels: Labels, selector: Labels) -> dict[str, Any]:
    """Where metrics are, for whoever scrapes by Service."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {
            "type": "ClusterIP",
            "selector": dict(selector),
            "ports": [{"name": _PORT_NAME, "port": PORT, "protocol": "TCP", "targetPort": _PORT_NAME}],
        },
    }


def network_policy(name: str, namespace: str, labels: Labels, selector: Labels) -> dict[str, Any]:
    """Nothing comes in but to metrics and probes. Everything may go out: where to, the custom resources say."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {
            "podSelector": {"matchLabels": dict(selector)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [{"port": _PORT_NAME, "protocol": "TCP"}]}],
            "egress": [{}],
        },
    }


def pod_monitor(name: str, namespace: str, labels: Labels, selector: Labels) -> dict[str, Any]:
    """Has the Prometheus operator scrape both replicas: the one that stands by has metrics too."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "spec": {
            "selector": {"matchLabels": dict(selector)},
            "podMetricsEndpoints": [{"port": _PORT_NAME, "path": "/metrics"}],
        },
    }
