"""Kubernetes versions, ranges of them, and which step from one to the next is allowed."""

from gitops_upgrader.versions.range import VersionRange, latest
from gitops_upgrader.versions.step import StepProblem, StepReason, flavour_words, step_problem
from gitops_upgrader.versions.version import Version

__all__ = ["StepProblem", "StepReason", "Version", "VersionRange", "flavour_words", "latest", "step_problem"]
