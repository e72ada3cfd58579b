"""Every error that this program raises on purpose.

    UpgraderError                       what happened, where, and what to do; never a traceback
    ├── UsageError                      the command line
    ├── InvalidVersion, InvalidRange    (also ValueError)
    ├── ObjectError                     custom resources: files and references
    ├── KubernetesError                 the Kubernetes API
    ├── SourceError                     where versions come from
    ├── ManifestError                   finding and editing the place in a repository's files
    ├── GitError                        objects and transport
    ├── ForgeError                      pull requests
    └── NotAvailableYet                 a field that is defined, and refused for now

The class is the typed reason: its name stands in conditions and in JSON. `transient` says whether trying again
without a change by a person can help; everything else stalls until somebody mends it. Anything that is not an
`UpgraderError` is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Where:
    """The place an error is about. Lines and columns count from 1; an object reads `Kind namespace/name`."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    object: str | None = None
    field: str | None = None

    def __str__(self) -> str:
        place = self.file or ""
        if self.file and self.line is not None:
            place += f":{self.line}"
            if self.column is not None:
                place += f":{self.column}"
        return ": ".join(part for part in (place, self.object, self.field) if part)


def _shortened(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[:longest]}…"


class UpgraderError(Exception):
    """What happened, where, and what to do about it.

    Args:
        message: one sentence without its place, in words a platform engineer uses.
        where: the file and line, the object, the field.
        remedy: what to do, as an instruction; empty where there is nothing to do but wait.

    Attributes:
        trail: where something was looked for in a repository's files, step by step, if anything was.
    """

    transient: ClassVar[bool] = False
    usual_remedy: ClassVar[str] = ""
    """What to do where whoever raises it has nothing better to say."""

    def __init__(self, message: str, *, where: Where | None = None, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.where = where or Where()
        self.remedy = remedy or self.usual_remedy
        self.trail: Sequence[object] = ()

    @property
    def reason(self) -> str:
        """The typed reason, CamelCase, as conditions and JSON carry it."""
        return type(self).__name__

    def __str__(self) -> str:
        place = str(self.where)
        text = f"{place}: {self.message}" if place else self.message
        return f"{text} {self.remedy}".rstrip()


class UsageError(UpgraderError):
    """The command line asks for something that makes no sense."""


class NotAvailableYet(UpgraderError):
    """A field is defined so that the API stays as it is, but this release refuses to act on it."""


class UnsafeStep(UpgraderError):
    """A step from one version to another that was asked for is one that Cluster API refuses."""


# --- the process in a cluster -----------------------------------------------------------------------------------------


class LeadershipLost(UpgraderError):
    """The Lease could not be renewed in time, so that another process may lead by now."""


class AddressInUse(UpgraderError):
    """Nobody can listen on an address: it is taken, or not this machine's."""


class InvalidSelector(UpgraderError):
    """A text is no label selector."""


# --- versions -------------------------------------------------------------------------------------------------------


class InvalidVersion(UpgraderError, ValueError):
    """A text is no semantic version."""


class InvalidRange(UpgraderError, ValueError):
    """A text is no range of versions."""


# --- custom resources -----------------------------------------------------------------------------------------------


class ObjectError(UpgraderError):
    """A custom resource, or what it refers to, is wrong."""


class InvalidObject(ObjectError):
    """An object does not fit its kind's schema."""


class InvalidTemplate(ObjectError):
    """A `$(NAME)` template names something unknown or is not closed."""


class ObjectNotFound(ObjectError):
    """A reference leads nowhere."""


class ObjectUnusable(ObjectError):
    """What a reference leads to is there and wrong itself, which is told of where it is."""


class ObjectNotReady(ObjectError):
    """What an object refers to exists, but has no result yet."""

    transient = True


class ObjectPaused(ObjectNotReady):
    """What an object refers to is paused, and has no result where everything is derived anew in each run."""


class DuplicateObject(ObjectError):
    """Two objects of one kind have the same namespace and name."""


class RivalUpgraders(ObjectError):
    """Several upgraders are for the same place of the same repository, so none of them proposes anything."""


class ObjectExists(ObjectError):
    """An object of that kind, namespace and name is there already."""


class ObjectConflict(ObjectError):
    """Somebody else changed an object between our look at it and our write; nothing was overwritten."""

    transient = True


class UnreadableFile(ObjectError):
    """A file or folder of custom resources is missing, or is not YAML."""

    usual_remedy = "Correct it, or leave it out."


class DuplicateField(ObjectError):
    """A mapping in a file has the same key twice."""


class ImageVersionMismatch(ObjectError):
    """An image's name tells of another Kubernetes version than the one it is meant for."""


class ImageBuildFailed(ObjectError):
    """A machine image could not be built, and is not tried again."""


class JobNameTaken(ObjectError):
    """The Job that should build an image has a name that a Job of something else has; it may be about to go."""

    transient = True


class LocalRepositoryRefused(ObjectError):
    """A controller is pointed at a folder of its own machine."""


class CrossNamespaceReference(ObjectError):
    """A reference leaves its namespace and is not admitted there."""


# --- the Kubernetes API ---------------------------------------------------------------------------------------------


class KubernetesError(UpgraderError):
    """The Kubernetes API cannot be reached, or does not do what was asked."""


class InvalidKubeconfig(KubernetesError):
    """There is no kubeconfig, it cannot be read, or it lacks what is asked of it."""


class KubernetesUnreachable(KubernetesError):
    """No answer: no connection, or one that broke."""

    transient = True


class KubernetesTimeout(KubernetesUnreachable):
    """The API server took longer than is waited."""


class KubernetesUnavailable(KubernetesUnreachable):
    """The API server answers that it cannot serve now (429 and 5xx)."""


class KubernetesUntrusted(KubernetesError):
    """The API server's certificate is not trusted, or ours cannot be used."""


class KubernetesAuthenticationFailed(KubernetesError):
    """The API server does not accept the credentials, or wants some and got none (401)."""


class KubernetesForbidden(KubernetesError):
    """RBAC does not let us do this (403)."""


class KubernetesRefused(KubernetesError):
    """The API server, or a webhook or a policy in it, does not want what was asked."""


class NamespaceTerminating(KubernetesRefused):
    """Nothing can be made in a namespace that is being deleted."""

    transient = True


class KubernetesExpired(KubernetesError):
    """What was asked for is older than the API server remembers (410)."""

    transient = True


class KubernetesAnswerUnreadable(KubernetesError):
    """The answer is not what a Kubernetes API says: often another program's page, or a wrong address."""


class KindNotInstalled(KubernetesError):
    """The cluster does not know one of our kinds: its CRD is missing, or an older one."""


# --- sources --------------------------------------------------------------------------------------------------------


class SourceError(UpgraderError):
    """A source of versions cannot be read or trusted."""


class InvalidSourceURL(SourceError):
    """A URL names no repository: no host, a port that is no number, a suite without a component."""


class SchemeRefused(SourceError):
    """A URL, or a redirect, is neither http nor https, or leads from https to http."""


class CredentialsInURL(SourceError):
    """A URL carries a user name or a password."""


class TooManyRedirects(SourceError):
    """A server redirects more often than is followed."""


class SourceUnreachable(SourceError):
    """No answer that says anything: no connection, a reset, a 5xx, too many requests (429)."""

    transient = True


class SourceTimeout(SourceUnreachable):
    """The server took longer than the source's `timeout`."""


class SourceCertificateInvalid(SourceError):
    """The server's TLS certificate cannot be trusted."""


class SourceNotFound(SourceError):
    """The server says that there is no such file (404, 410)."""


class SourceRefused(SourceError):
    """The server does not let us read the file (401, 403, 407)."""


class UnexpectedAnswer(SourceError):
    """The server answers with a status that is neither the file nor a reason why not."""


class NotAnIndex(SourceError):
    """A file was read, and it is no Packages file: an HTML page, another format."""


class IndexCorrupt(SourceError):
    """A compressed file cannot be decompressed: broken data, a wrong checksum, something after its end."""


class IndexTruncated(SourceError):
    """A file ends too early."""

    transient = True


class IndexTooLarge(SourceError):
    """A file, what it unpacks to, or one paragraph in it is larger than is read."""


class InvalidSourceVersion(SourceError):
    """A source says a version, and it is none."""


class InvalidKeyring(SourceError):
    """What `signedBy` leads to holds no OpenPGP certificate."""


class NotSigned(SourceError):
    """A signature is asked for, and the repository has none."""


class BadSignature(SourceError):
    """A signature by a known key does not fit what it signs."""


class WeakSignature(SourceError):
    """A signature is made with a digest that can be forged (MD5, SHA-1, RIPEMD-160)."""


class UnknownSigningKey(SourceError):
    """A repository is signed by none of the keys that are trusted."""


class SigningKeyExpired(SourceError):
    """The key that signed a repository has expired."""


class SigningKeyRevoked(SourceError):
    """The key that signed a repository has been revoked by its owner."""


class InvalidRelease(SourceError):
    """A signed Release file cannot be read as one."""


class SigningKeyNotBound(SourceError):
    """A signature is older than everything by which the certificate that is trusted vouches for its key."""


class ReleaseExpired(SourceError):
    """A Release file's `Valid-Until` is over: an old copy, or a mirror that stands still."""


class ReleaseNotYetValid(SourceError):
    """A Release file's `Date` lies in the future: its clock or ours is wrong."""


class NotListedInRelease(SourceError):
    """A Release file does not list the Packages file that is wanted."""


class WeakHash(SourceError):
    """A Release file lists a Packages file with MD5 or SHA-1 alone, which prove nothing."""


class HashMismatch(SourceError):
    """A Packages file is not the one that its signed Release file lists; so it is while a mirror updates."""

    transient = True


# --- manifests ------------------------------------------------------------------------------------------------------


class ManifestError(UpgraderError):
    """The place to edit cannot be found, or must not be edited.

    Of a message that quotes more of a file than anybody reads, the beginning is kept: statuses and pull requests take
    it, which have limits of their own.
    """

    LONGEST: ClassVar[int] = 4_000

    def __init__(self, message: str, *, where: Where | None = None, remedy: str = "") -> None:
        if where is not None and where.field is not None:
            where = replace(where, field=_shortened(where.field, self.LONGEST))
        super().__init__(_shortened(message, self.LONGEST), where=where, remedy=_shortened(remedy, self.LONGEST))


class UnreadableManifest(ManifestError):
    """A file that matters is not YAML."""


class ManifestTooLarge(ManifestError):
    """A file that matters, or a document in it, is larger than what is read, or Kustomize makes more of it."""


class NotUtf8(ManifestError):
    """A file that matters is not UTF-8."""


class NestedTooDeep(ManifestError):
    """A document nests deeper than any manifest does, or kustomizations do."""


class AliasBomb(ManifestError):
    """A document's aliases would unfold into more than any manifest holds."""


class SymbolicLink(ManifestError):
    """What should be edited is a symbolic link or a submodule, which are never followed."""


class EncryptedManifest(ManifestError):
    """The document is encrypted with SOPS; any edit would break its checksum."""


class ClusterNotFound(ManifestError):
    """No file holds the Cluster."""


class AmbiguousCluster(ManifestError):
    """Several files hold a Cluster of that name."""


class ClusterWithoutTopology(ManifestError):
    """The Cluster is not made from a ClusterClass."""


class VersionNotFound(ManifestError):
    """The Cluster has no version where one should be."""


class NotAVersion(ManifestError):
    """What stands where the version should be is no version."""


class VersionsDisagree(ManifestError):
    """Several places keep the version, and they hold different ones, so nobody knows where the cluster is."""


class SplitVersion(ManifestError):
    """The version is kept as major, minor and patch apart."""


class ScopeNotFound(ManifestError):
    """The control plane, MachineDeployment or MachinePool of a variable is not in the Cluster."""


class VariableNotFound(ManifestError):
    """A variable is absent and cannot be inserted."""


class TemplatedValue(ManifestError):
    """A template expression stands where the value should be, so the value lives elsewhere."""


class YttTemplate(TemplatedValue):
    """A ytt expression stands where the value should be."""


class AmbiguousPlace(ManifestError):
    """Several places could each be the effective one."""


class SharedPlace(ManifestError):
    """An edit of this place would change other Clusters as well."""


class ReplacedByKustomize(ManifestError):
    """A Kustomize replacement writes this field, so that an edit would have no effect."""


class OverriddenPlace(ManifestError):
    """A Kustomize layer puts another value in the place that a target or a setter comment names."""


class UnfollowedChange(ManifestError):
    """Something changes the Cluster on the way to its deployment that is not followed, such as a remote base."""


class InvalidPatch(ManifestError):
    """A Kustomize patch cannot be read, or does not apply to the Cluster."""


class PatchIndexMismatch(InvalidPatch):
    """An index in a patch names another variable than the one that is meant."""


class AliasedValue(ManifestError):
    """An alias stands where the value should be."""


class SharedAnchor(ManifestError):
    """The value carries an anchor, so that an edit would change what refers to it as well."""


class MergeKey(ManifestError):
    """The value comes through a merge key (`<<`)."""


class DuplicateKey(ManifestError):
    """A mapping on the way to the value has the same key twice."""


class TypeChange(ManifestError):
    """The new value has another type than the old one."""


class UnwritableValue(ManifestError):
    """The new value cannot be written in the file's own style."""


class InvalidPointer(ManifestError):
    """A JSON pointer is malformed."""


class InvalidMarker(ManifestError):
    """A setter comment is malformed, or stands beside no value."""


class TargetNotFound(ManifestError):
    """A target leads nowhere: no such file, document or field."""


class ValueMissing(ManifestError):
    """A place asks for a value that the change does not have."""


class UnprovableManifest(ManifestError):
    """Two YAML parsers read the document differently, so that no edit of it can be proven."""


class ProofFailed(ManifestError):
    """The edited file does not read back as intended, so nothing is written."""


# --- git ------------------------------------------------------------------------------------------------------------


class GitError(UpgraderError):
    """The Git repository cannot be read or written."""


class InvalidLocation(GitError):
    """A text is no address of a Git repository, or one of a kind that is not spoken."""


class InvalidBranch(GitError):
    """A text is no name that a branch can have."""


class InvalidIdentity(GitError):
    """An author's or committer's name or address cannot stand in a commit."""


class InvalidCredentials(GitError):
    """A Secret lacks a key, or a key in it cannot be used."""


class InvalidSigningKey(GitError):
    """A key cannot sign commits: unreadable, expired, wrong passphrase, or of a kind that is not spoken."""


class GitMissing(GitError):
    """The `git` program is not installed, or too old."""


class RepositoryNotFound(GitError):
    """There is no repository at that address, or none that these credentials may see."""


class RepositoryUnsupported(GitError):
    """The repository is stored or served in a way that this program cannot read."""


class OwnershipRefused(GitError):
    """A local repository belongs to another user of the machine, so Git does not trust its configuration."""


class BranchNotFound(GitError):
    """A branch that must exist does not."""


class RevisionNotFound(GitError):
    """A text names no commit of the repository."""


class ObjectMissing(GitError):
    """The repository lacks an object that it refers to (a partial clone, or damage), or it was never fetched."""


class HistoryMissing(GitError):
    """A question about history cannot be answered, as a shallow repository ends before the answer."""


class TreeTooLarge(GitError):
    """A commit holds more files, or deeper folders, than any real repository."""


class NotRegularFile(GitError):
    """A change is meant for a path that is absent, a symbolic link, a submodule or a folder."""


class UnsafePath(GitError):
    """A path of a change could leave the repository."""


class AuthenticationFailed(GitError):
    """The remote did not accept the credentials, or wants some and got none."""


class AccessDenied(GitError):
    """The remote knows the credentials and does not let them do this."""


class HostKeyUnknown(GitError):
    """An SSH server is not in known_hosts, so that it could be anybody."""


class HostKeyChanged(HostKeyUnknown):
    """An SSH server shows another key than known_hosts has for it."""


class TlsRefused(GitError):
    """The server's certificate is not trusted, or the server does not accept ours."""


class RedirectRefused(GitError):
    """The address leads to another one, which would get the credentials."""


class ProxyRefused(GitError):
    """The proxy does not let us through."""


class NetworkError(GitError):
    """The remote cannot be reached, or the connection broke."""

    transient = True


class GitTimeout(NetworkError):
    """The remote took longer than `timeout`."""


class CacheBusy(GitTimeout):
    """Somebody else has been fetching into the same cache for longer than `timeout`: the server may hang."""


class RemoteUnavailable(NetworkError):
    """The remote answers that it cannot serve now (HTTP 429 and 5xx)."""


class AnswerTooLarge(GitError):
    """The remote sends more than anything reasonable."""


class LeaseLost(GitError):
    """A branch is no longer where it was when it was read: somebody pushed in between, and nothing was overwritten."""

    transient = True


class CacheLost(GitError):
    """The folder of what was fetched was removed while it was used; it is made anew."""

    transient = True


class RefLocked(GitError):
    """Another process is updating the same branch right now."""

    transient = True


class PushRefused(GitError):
    """The remote does not accept a push: a hook, a protected branch, a rule."""


class BranchCheckedOut(PushRefused):
    """A branch is checked out in somebody's work tree, which would fall behind its own branch."""


class GitFailed(GitError):
    """The `git` program failed in a way that is not known; its own words, without credentials, are in the message."""


# --- forges ---------------------------------------------------------------------------------------------------------


class ForgeError(UpgraderError):
    """The forge did not do what was asked; transient unless its class says otherwise."""

    transient = True


class ForgeRateLimited(ForgeError):
    """The forge asks to wait. `retry_after` is in seconds."""

    def __init__(self, message: str, *, retry_after: float, where: Where | None = None, remedy: str = "") -> None:
        super().__init__(message, where=where, remedy=remedy)
        self.retry_after = retry_after


class ForgeUnreachable(ForgeError):
    """No answer: connection, time-out, or a 5xx."""


class ForgeNotConnected(ForgeUnreachable):
    """No connection came about, so the forge has not seen the request: repeating it cannot do anything twice."""


class ForgeUntrusted(ForgeError):
    """The forge's certificate is not to be trusted, or ours cannot be used."""

    transient = False


class ForgeRedirected(ForgeError):
    """The forge sends to another server, which gets no credentials."""

    transient = False


class ForgeAnswerUnreadable(ForgeError):
    """The answer is not what this kind of forge says: often another program's page, or a wrong `apiURL`."""

    transient = False


class ForgeRefused(ForgeError):
    """The forge understood, and says that what was asked for is wrong (400, 422); the same again is refused again."""

    transient = False


class ForgeTooOld(ForgeRefused):
    """The forge's version does not know what was asked for."""


class ForgeConflict(ForgeError):
    """What was asked for does not fit the state of the pull request any more (409, 422)."""


class PullRequestChanged(ForgeError):
    """Somebody changed a pull request between the look at it and what was to be done; nothing was done."""


class ForgeAuthenticationFailed(ForgeError):
    """The token is missing, wrong or expired (401)."""

    transient = False


class ForgeForbidden(ForgeError):
    """The token is good but may not do this (403)."""

    transient = False


class ForgeNotFound(ForgeError):
    """The repository or the pull request is not there, or not for this token (404)."""

    transient = False


class ProviderUnknown(ForgeError):
    """Nobody said which kind of forge this host is, and its name does not tell."""

    transient = False


class ForgeSettingsInvalid(ForgeError):
    """A setting of the connection cannot be used: an address, a proxy, a certificate, an App's key."""

    transient = False


class PullRequestUnreadable(ForgeError):
    """A local pull request's file was edited into something that cannot be read."""

    transient = False


class PullRequestUnwritable(ForgeError):
    """The folder of the local pull requests' files cannot be written: a full disk, a missing right."""

    transient = False


class MarkerUnreadable(ForgeError):
    """The hidden marker in a pull request's body is damaged."""

    transient = False
