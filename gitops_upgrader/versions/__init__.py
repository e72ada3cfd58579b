"""Kubernetes versions, ranges of them, and which step from one to the next is allowed."""

from gitops_upgrader.versions.version import Version

__all__ = ["Version"]
