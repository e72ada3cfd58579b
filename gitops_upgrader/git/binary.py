"""The way to a repository elsewhere: the `git` program, with its own address, credentials and limits for each run."""

from __future__ import annotations

import fnmatch
import logging
import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence

from gitops_upgrader.errors import GitError, InvalidLocation, LeaseLost, NetworkError, RedirectRefused
from gitops_upgrader.git.auth import GitAuth
from gitops_upgrader.git.diagnosis import diagnose
from gitops_upgrader.git.environment import Environment
from gitops_upgrader.git.location import Location
from gitops_upgrader.git.process import Completed, find_git, run
from gitops_upgrader.git.pushing import push_arguments, push_error
from gitops_upgrader.git.redaction import redact
from gitops_upgrader.git.scratch import Scratch
from gitops_upgrader.git.transport import HEADS, TRACKING, RefUpdate, RemoteRefs, check_branch

_logger = logging.getLogger(__name__)

_REDIRECTS = 3
_ATTEMPTS = 3
_ABSENT = re.compile(r"couldn't find remote ref ")
_BY_ID_REFUSED = re.compile(r"not our ref|unadvertised object|couldn't find remote ref")
_LEADS_TO = re.compile(r"Recv header: location: *(\S+)", re.IGNORECASE)
_EXCHANGES = {"ls-remote": "list", "fetch": "fetch", "push": "push"}
"""What each command of `git` is called where exchanges are counted."""
_FETCH = ("fetch", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-show-forced-updates")


def _nobody(_: str) -> None:
    """Nobody counts."""


class BinaryTransport:
    """Speaks smart HTTP and SSH through `git`; see `Environment` for what it gets to know.

    A redirect within the same origin is followed and remembered (a repository was renamed); one to another origin is
    refused before anything is sent there. `exchanged` is told of every exchange: `list`, `fetch` or `push`.
    """

    def __init__(
        self,
        scratch: Scratch,
        location: Location,
        auth: GitAuth,
        *,
        timeout: float,
        personal: bool = False,
        exchanged: Callable[[str], None] = _nobody,
    ) -> None:
        self._scratch = scratch
        self._location = location
        self._secrets = auth.secrets
        self._timeout = timeout
        self._exchanged = exchanged
        self._git = find_git(os.environ.get("PATH"))
        self._environment = Environment(location, auth, timeout=timeout, personal=personal)

    def close(self) -> None:
        """Remove every file with a credential."""
        self._environment.close()

    def refs(self, patterns: Sequence[str], *, default_branch: bool) -> RemoteRefs:
        """List branches; see `Transport.refs`. `git` asks a remote for heads alone only where HEAD is not wanted."""
        kind = "--symref" if default_branch else "--heads"
        completed = self._run(["ls-remote", kind], ["HEAD", HEADS + "*"] if default_branch else [])
        if completed.status:
            raise self._diagnosis(completed)
        return _parse_listing(completed.out, patterns)

    def fetch(self, branches: Sequence[str], depth: int | None) -> Mapping[str, str]:
        """Bring branches; see `Transport.fetch`. One round trip where all of them exist."""
        wanted = [check_branch(branch) for branch in dict.fromkeys(branches)]
        with self._scratch.locked(self._timeout):
            for _ in range(_ATTEMPTS):
                completed = self._fetch([_refspec(branch) for branch in wanted], depth)
                if not completed.status:
                    self._tidy(wanted)
                    return {branch: self._scratch.tracked(branch) for branch in wanted}
                if not _ABSENT.search(completed.err):
                    raise self._diagnosis(completed)
                listed = self.refs((), default_branch=False).heads
                wanted = [branch for branch in wanted if branch in listed]
                if not wanted:
                    return {}
        raise NetworkError(f"The branches of {self._location} change faster than they can be read.")

    def deepen(self, tips: Mapping[str, str], depth: int | None) -> None:
        """Bring more history; see `Transport.deepen`. Asked for by id, as a branch may have moved since."""
        with self._scratch.locked(self._timeout):
            completed = self._fetch(sorted(set(tips.values())), depth)
            if completed.status and _BY_ID_REFUSED.search(completed.err):
                listed = self.refs((), default_branch=False).heads
                completed = self._fetch([_refspec(branch) for branch in tips if branch in listed], depth)
            if completed.status:
                raise self._diagnosis(completed)

    def push(self, updates: Sequence[RefUpdate]) -> None:
        """Move branches; see `Repository.push`."""
        for update in updates:
            check_branch(update.branch)
        atomic = len(updates) > 1
        completed = self._push(updates, atomic=atomic)
        if completed.status and atomic and "does not support --atomic" in completed.err:
            completed = self._push(updates, atomic=False)
        if not completed.status:
            return
        error = push_error(self._location, updates, self._redacted(completed)) or self._diagnosis(completed)
        if isinstance(error, LeaseLost) and (remaining := self._unsettled(updates)) != list(updates):
            self.push(remaining)
            return
        raise error

    def _push(self, updates: Sequence[RefUpdate], *, atomic: bool) -> Completed:
        options, refspecs = push_arguments(updates, atomic=atomic)
        return self._run(options, refspecs) if updates else Completed(0, b"", "")

    def _unsettled(self, updates: Sequence[RefUpdate]) -> list[RefUpdate]:
        """Leave out the branches that are to go and are gone: `git` calls that a lost lease."""
        heads = self.refs((), default_branch=False).heads
        return [update for update in updates if update.new is not None or update.branch in heads]

    def _fetch(self, refspecs: Sequence[str], depth: int | None) -> Completed:
        limit = [f"--depth={depth}"] if depth is not None else ["--unshallow"] if self._scratch.shallow_roots else []
        if self._scratch.borrows:
            limit = []  # what is borrowed is whole, and a depth would hide it
        try:
            return self._run([*_FETCH, *limit], refspecs)
        finally:
            self._scratch.reload()

    def _run(self, options: Sequence[str], refs: Sequence[str]) -> Completed:
        """Run `git` against the remote, following redirects within its origin."""
        for _ in range(_REDIRECTS):
            completed = self._once(options, refs)
            if not completed.status or not isinstance(error := self._diagnosis(completed), RedirectRefused):
                return completed
            self._location = self._followed(error)
        raise RedirectRefused(
            f"The server of {self._location} redirects again and again.", remedy="Use the address that it ends at."
        )

    def _once(self, options: Sequence[str], refs: Sequence[str], **more: str) -> Completed:
        arguments = [self._git, f"--git-dir={self._scratch.path}", *options, "--", self._location.url, *refs]
        environment = self._environment.variables(self._location) | more
        self._scratch.check()
        self._exchanged(_EXCHANGES[options[0]])
        _logger.debug("running %s", shlex.join(arguments))
        return run(arguments, environment=environment, timeout=self._timeout)

    def _followed(self, error: GitError) -> Location:
        """Return where a redirect leads, if that is the same origin. Only a trace of the headers tells."""
        trace = self._once(["ls-remote", "--heads"], [], GIT_TRACE_CURL="2", GIT_TRACE_CURL_NO_DATA="1")
        found = _LEADS_TO.search(trace.err)
        if found is None:
            raise error
        try:
            target = self._location.redirected(found[1])
        except InvalidLocation:
            raise error from None
        if target.origin != self._location.origin:
            raise RedirectRefused(
                f"The server of {self._location} redirects to another one, {target}, "
                "which would get the credentials. Nothing was sent there.",
                remedy=f"If you trust it, use the address {target}.",
            )
        return target

    def _tidy(self, branches: Sequence[str]) -> None:
        """Pack a cache that many fetches have filled, and forget branches that nobody asks for any more."""
        if not self._scratch.is_cluttered:
            return
        self._scratch.forget_other_branches(branches)
        environment = self._environment.variables(self._location)
        run(
            [self._git, f"--git-dir={self._scratch.path}", "-c", "gc.auto=1", "gc", "--quiet", "--prune=1.day.ago"],
            environment=environment,
            timeout=self._timeout,
        )
        self._scratch.reload()

    def _redacted(self, completed: Completed) -> Completed:
        return Completed(completed.status, completed.out, redact(completed.err, self._secrets))

    def _diagnosis(self, completed: Completed) -> GitError:
        return diagnose(self._location, completed.err, self._secrets)


def _refspec(branch: str) -> str:
    return f"+{HEADS}{branch}:{TRACKING}{branch}"


def _parse_listing(listing: bytes, patterns: Sequence[str]) -> RemoteRefs:
    """Read the output of git-ls-remote(1): `<id> TAB <ref>`, and `ref: <ref> TAB HEAD` for a symbolic one."""
    default, heads = None, {}
    for line in listing.decode("utf-8", "surrogateescape").splitlines():
        value, _, name = line.partition("\t")
        if name == "HEAD" and value.startswith("ref: "):
            default = value.removeprefix("ref: ").removeprefix(HEADS)
        elif name.startswith(HEADS):
            branch = name.removeprefix(HEADS)
            if not patterns or any(fnmatch.fnmatchcase(branch, pattern) for pattern in patterns):
                heads[branch] = value
    return RemoteRefs(default, dict(sorted(heads.items())))
