"""Git objects through pygit2, and transports that fetch and push with a lease."""

from gitops_upgrader.git.auth import GitAuth
from gitops_upgrader.git.checkout import Checkout
from gitops_upgrader.git.commits import CommitInfo, Person
from gitops_upgrader.git.location import Location, Scheme
from gitops_upgrader.git.repository import Repository
from gitops_upgrader.git.signing import Signer, signer_from_secret
from gitops_upgrader.git.transport import DETACHED, RefUpdate, RemoteRefs
from gitops_upgrader.git.trees import GitTree

__all__ = [
    "DETACHED",
    "Checkout",
    "CommitInfo",
    "GitAuth",
    "GitTree",
    "Location",
    "Person",
    "RefUpdate",
    "RemoteRefs",
    "Repository",
    "Scheme",
    "Signer",
    "signer_from_secret",
]
