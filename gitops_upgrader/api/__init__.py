"""The custom resources as pydantic models, one module per kind, and the CRDs made from them."""

from gitops_upgrader.api.availability import not_available
from gitops_upgrader.api.cluster_upgrader import ClusterClassClusterUpgrader
from gitops_upgrader.api.cluster_upgrader_set import ClusterUpgraderSet
from gitops_upgrader.api.debian_repository_source import DebianRepositorySource
from gitops_upgrader.api.gitops_repository import GitOpsRepository
from gitops_upgrader.api.kinds import KINDS, check, check_update, describe, is_ours, parse, parse_as
from gitops_upgrader.api.machine_image import MachineImage
from gitops_upgrader.api.machine_image_syncer import MachineImageSyncer
from gitops_upgrader.api.machine_image_template import MachineImageTemplate
from gitops_upgrader.api.names import API_VERSION, GROUP, VERSION
from gitops_upgrader.api.plan import Plan
from gitops_upgrader.api.problems import Problem, render
from gitops_upgrader.api.resource import Resource

__all__ = [
    "API_VERSION",
    "GROUP",
    "KINDS",
    "VERSION",
    "ClusterClassClusterUpgrader",
    "ClusterUpgraderSet",
    "DebianRepositorySource",
    "GitOpsRepository",
    "MachineImage",
    "MachineImageSyncer",
    "MachineImageTemplate",
    "Plan",
    "Problem",
    "Resource",
    "check",
    "check_update",
    "describe",
    "is_ours",
    "not_available",
    "parse",
    "parse_as",
    "render",
]
