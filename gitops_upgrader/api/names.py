"""The API group, and the labels and annotations that objects carry.

Both prefixes are upstream's (dkoshkin/kubernetes-upgrader v0.6): one is the API group, the other its name.
"""

from __future__ import annotations

import hashlib
from typing import Final

GROUP: Final = "kubernetesupgraded.dimitrikoshkin.com"
VERSION: Final = "v1alpha1"
API_VERSION: Final = "kubernetesupgraded.dimitrikoshkin.com/v1alpha1"
CATEGORY: Final = "cluster-upgrader"

_PREFIX = "kubernetes-upgrader.dimitrikoshkin.com"

SYNCER_NAME_LABEL: Final = f"{_PREFIX}/machine-image-syncer-name"
"""On a MachineImage: the MachineImageSyncer that wanted it."""

KUBERNETES_VERSION_LABEL: Final = f"{_PREFIX}/kubernetes-version"
"""On a MachineImage: the slug of its version (`+` is not legal in a label); `spec.version` is what counts."""

CLONED_FROM_ANNOTATION: Final = f"{_PREFIX}/cloned-from"
"""On a MachineImage: the MachineImageTemplate it was made from."""

MACHINE_IMAGE_NAME_LABEL: Final = f"{GROUP}/machine-image-name"
"""On a Job: the MachineImage that it builds."""

IMAGE_ID_KEY: Final = f"{GROUP}/image-id"
"""On a Job, as annotation or label: the id of the image that it built."""

RETRY_ANNOTATION: Final = f"{GROUP}/retry"
"""On an upgrader: any new value asks for a refused pull request once more."""

FINALIZER: Final = f"{GROUP}/pull-request"
"""On an upgrader in a cluster: its pull request is closed before it goes."""

REQUESTED_AT_ANNOTATION: Final = "reconcile.gitops-upgrader/requestedAt"
"""On any object of ours: a new value asks for a look at it now, whatever its interval."""

LABEL_LENGTH: Final = 63
"""Characters of a label's value, and of the name of whatever becomes one, such as a Job's."""
NAME_LENGTH: Final = 253
"""Characters of an object's name (RFC 1123 subdomain)."""


def shortened(name: str, suffix: str = "", *, longest: int = LABEL_LENGTH) -> str:
    """A name with a suffix, where both fit; else the name's beginning, a hash of all of it, and the suffix.

    >>> shortened("ubuntu", "-v1.34.2"), shortened("a-rather-long-name", longest=16)
    ('ubuntu-v1.34.2', 'a-rathe-87d02c79')
    """
    if len(name) + len(suffix) <= longest:
        return name + suffix
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    room = longest - len(suffix) - len(digest) - 1
    return f"{name[:room].rstrip('-.')}-{digest}{suffix}"
