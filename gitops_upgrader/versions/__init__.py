"""Kubernetes versions, ranges of them, and which step from one to the next is allowed."""
