"""Informers: each keeps one kind in one namespace, or in all of them, up to date in the cache.

`kubernetes.informer.SharedInformer` lists and watches; what it leaves to its list function is here: pages, time-outs
on both sides so that a dead connection is noticed, bookmarks, pauses between attempts, and errors in our own words.
"""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from gitops_upgrader.errors import KindNotInstalled, KubernetesUnreachable, UpgraderError
from gitops_upgrader.model import ObjectKey
from gitops_upgrader.runtime.backoff import Backoff
from gitops_upgrader.runtime.trimming import Part, trimmed
from gitops_upgrader.stores.connection import CONNECT_TIMEOUT, Connection
from gitops_upgrader.stores.discovery import Discovery, Resource
from gitops_upgrader.stores.protocol import Stored
from gitops_upgrader.stores.reader import PAGE
from gitops_upgrader.stores.refusals import Refusal

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

logger = logging.getLogger(__name__)

WATCH_SECONDS = 40
"""How long the API server lets one watch live; the next one goes on where it ended."""
SILENCE = 50.0
"""Seconds without a byte until a watch counts as dead: longer than a watch lives, so only a dead one gets there."""
_SHORT = 5.0
"""A watch that ended sooner than after this many seconds was cut, and the next one waits a little."""

_WHOLE = "application/json"
_OUTLINE = "application/json;as=PartialObjectMetadata{};g=meta.k8s.io;v=v1"
"""Asks for metadata alone (kubernetes.io/docs, "API Concepts": metadata-only fetches): no Secret is kept in memory
that nobody names."""

Seen = Callable[[Stored], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an informer watches.

    Attributes:
        namespace: the namespace; None for all of them.
        selector: a label selector; empty for everything.
        outline: whether the metadata is enough.
        needed: whether the process cannot do without it. A foreign kind may not be installed, or come later.
        part: what is kept of each object beside its metadata; None for everything.
    """

    group: str
    kind: str
    namespace: str | None = None
    selector: str = ""
    outline: bool = False
    needed: bool = True
    part: Part | None = None


class Informer:
    """One kind in one namespace, or everywhere.

    Args:
        client: the official client, for watches.
        connection: the same API, for lists and for errors.
        discovery: which path a kind has.
        wanted: what to watch.
        seen: is called with each object that is there, or has changed.
        gone: is called with each object that was deleted, as it was last.
        fatal: is called with a bug that either of them met.
        interrupted: is called with the kind when a watch has ended otherwise than planned.
        arrived: is called with each object before `seen`, with its `managedFields`, which are not kept.
    """

    def __init__(
        self,
        client: ApiClient,
        connection: Connection,
        discovery: Discovery,
        wanted: Wanted,
        *,
        seen: Seen,
        gone: Seen,
        fatal: Callable[[BaseException], None],
        interrupted: Callable[[str], None] = lambda _: None,
        arrived: Seen | None = None,
    ) -> None:
        self.wanted = wanted
        self.error: UpgraderError | None = None
        self._client = client
        self._connection = connection
        self._discovery = discovery
        self._seen = seen
        self._gone = gone
        self._fatal = fatal
        self._interrupted = interrupted
        self._arrived = arrived
        self._listed = threading.Event()
        self._stopping = threading.Event()
        self._backoff: Backoff[str] = Backoff(base=0.5, limit=30.0)
        self._watching_since: float | None = None
        self._resource: Resource | None = None
        self._last: Resource | None = None
        self._informer: Any = None
        self._response: Any = None

    @property
    def synced(self) -> bool:
        """Whether everything that was there at the start is in the cache; a kind that is not installed has nothing."""
        return self._listed.is_set()

    def start(self) -> None:
        """Begin to list and to watch, in a thread of its own."""
        from kubernetes.informer import ADDED, DELETED, ERROR, MODIFIED, SharedInformer

        silence_library()
        self._informer = SharedInformer(self._list_or_watch)
        self._informer.add_event_handler(ADDED, lambda item: self._handle(self._seen, item))
        self._informer.add_event_handler(MODIFIED, lambda item: self._handle(self._seen, item))
        self._informer.add_event_handler(DELETED, lambda item: self._handle(self._gone, item))
        self._informer.add_event_handler(ERROR, self._failed)
        self._informer.start()

    def stop(self) -> None:
        """End; returns when the thread has ended.

        The library would wait for a watch that begins at this very moment, until it ends by itself: so each watch is
        known here before it is read, and looks whether it shall end before it begins.
        """
        self._stopping.set()
        _hang_up(self._response)
        if self._informer is not None:
            self._informer.stop()

    # --- what the library calls

    def _list_or_watch(self, *, watch: bool = False, resource_version: str | None = None, **_: Any) -> Any:
        """List everything, or watch from a version on.

        The library reads in the next lines (one for each of its versions) that what arrives is plain JSON, and only
        then notes how far it has come.

        :return: object
        :rtype: object
        """
        if self._stopping.is_set():
            raise _stopped()
        if not watch:
            listed = self._list()
            self._backoff.forget("")
            return listed
        self._listed.set()  # each object of the list has been handed on by now
        return self._watch(resource_version or "0")

    def _list(self) -> Any:
        items: list[dict[str, Any]] = []
        resource = self._find()
        if resource is None:
            return SimpleNamespace(items=[], metadata=SimpleNamespace(resource_version="0"))
        token, version = "", "0"
        while True:
            page = [("limit", str(PAGE)), *([("continue", token)] if token else []), *self._selected()]
            asked = resource.asked("list", self.wanted.namespace)
            answered = self._connection.ask(
                "GET", resource.path(self.wanted.namespace), asked, query=page, accept=self._accept("List")
            )
            if answered.refusal is not None:
                self._refused(answered.refusal, resource, "list")
            for item in answered.content.get("items") or ():
                self._take_in(resource, item)  # page by page, so that what is dropped is never there all at once
                items.append(item)
            about = answered.content.get("metadata") or {}
            token, version = str(about.get("continue") or ""), str(about.get("resourceVersion") or "0")
            if not token:
                return SimpleNamespace(items=items, metadata=SimpleNamespace(resource_version=version))

    def _watch(self, version: str) -> Any:
        from kubernetes.client import ApiException

        resource = self._resource
        if resource is None:
            # A kind that is not installed: look again later, by listing anew.
            self._stopping.wait(SILENCE)
            raise ApiException(status=410, reason="not installed")
        self._rest()
        query = [
            ("watch", "true"),
            ("resourceVersion", version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(WATCH_SECONDS)),
            *self._selected(),
        ]
        request = self._client.param_serialize(
            "GET",
            f"{resource.path(self.wanted.namespace)}?{urlencode(query)}",
            header_params={"Accept": self._accept("")},
            auth_settings=["BearerToken"],
        )
        response = self._client.call_api(*request, _request_timeout=(CONNECT_TIMEOUT, SILENCE)).response
        if not 200 <= response.status < 300:
            refusal = Refusal(response.status, _status(response))
            self._refused(refusal, resource, "watch")
        self._response = response
        if self._stopping.is_set():
            response.close()
            raise _stopped()
        self.error = None
        return response

    def _refused(self, refusal: Refusal, resource: Resource, verb: str) -> None:
        """Raise what a refusal means. The library lists anew on 410 alone, which also fits a path that is gone."""
        from kubernetes.client import ApiException

        if refusal.code == 404:
            self._discovery.forget(resource)
        if verb == "watch" and refusal.code in {404, 410}:
            raise ApiException(status=410, reason="Gone")
        raise self._connection.error(refusal, resource.asked(verb, self.wanted.namespace))

    def _find(self) -> Resource | None:
        try:
            self._resource = self._discovery.find(self.wanted.group, self.wanted.kind)
        except KindNotInstalled:
            if self.wanted.needed:
                raise
            self._resource = None
        self._last = self._resource or self._last
        return self._resource

    def _selected(self) -> list[tuple[str, str]]:
        return [("labelSelector", self.wanted.selector)] if self.wanted.selector else []

    def _accept(self, list_or_not: str) -> str:
        return _OUTLINE.format(list_or_not) if self.wanted.outline else _WHOLE

    def _rest(self) -> None:
        """Wait before the next watch where the last one was cut at once; the library itself never waits."""
        now = time.monotonic()
        if self._watching_since is not None and now - self._watching_since < _SHORT:
            self._stopping.wait(self._backoff.failed(""))
        else:
            self._backoff.forget("")
        self._watching_since = time.monotonic()

    # --- what it hands on

    def _handle(self, hand_on: Seen, item: dict[str, Any]) -> None:
        """Hand an object on. The library swallows what goes wrong here, and that would be a bug of ours: tell of it."""
        resource = self._last
        if resource is None:
            raise AssertionError("an object arrives after its kind was found")
        try:
            if hand_on is self._seen:
                self._take_in(resource, item)
            hand_on(_stored(resource, item))
        except BaseException as bug:
            self._fatal(bug)
            raise

    def _take_in(self, resource: Resource, item: dict[str, Any]) -> None:
        """Drop what nobody reads from an object that has just come, in place: the library keeps it as well."""
        if self._arrived is not None and "managedFields" in item["metadata"]:
            self._arrived(_stored(resource, item))
        slim = trimmed(item, self.wanted.part)
        item.clear()
        item.update(slim)

    def _failed(self, failure: Any) -> None:
        """Note why there is nothing new. The library goes on by itself."""
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        if self._stopping.is_set() or getattr(failure, "status", None) == 410:
            return
        if isinstance(failure, UpgraderError):
            error = failure
        elif isinstance(failure, HTTPError | OSError):
            quiet = isinstance(failure, ReadTimeoutError)
            words = "is silent" if quiet else "is cut"
            error = KubernetesUnreachable(f"The watch of {self.wanted.kind} {words}; it is begun anew.")
        else:
            error = KubernetesUnreachable(f"The watch of {self.wanted.kind} has ended: {type(failure).__name__}.")
        self.error = error
        self._interrupted(self.wanted.kind)
        logger.warning("watch interrupted: %s", error)


def _stopped() -> Exception:
    """What ends the library's loop; its thread looks then whether it shall stop."""
    return KubernetesUnreachable("This process ends.")


def _hang_up(response: Any) -> None:
    """Wake whoever reads a response, by closing the line and not the file that is being read."""
    line = getattr(getattr(response, "connection", None), "sock", None)
    if line is not None:
        with contextlib.suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _stored(resource: Resource, item: dict[str, Any]) -> Stored:
    metadata = item["metadata"]
    item["apiVersion"], item["kind"] = resource.api_version, resource.kind
    key = ObjectKey(resource.group, resource.kind, metadata.get("namespace", ""), metadata["name"])
    return Stored(key, item)


def _status(response: Any) -> Mapping[str, Any]:
    try:
        content = json.loads(response.read())
    except ValueError:
        content = None
    finally:
        response.release_conn()
    return content if isinstance(content, Mapping) and content.get("kind") == "Status" else {}


def silence_library() -> None:
    """Keep tracebacks of the library's own retries out of the log: `Informer` tells of them in a line each."""
    library = logging.getLogger("kubernetes.informer.informer")
    if _only_handlers not in library.filters:
        library.addFilter(_only_handlers)
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)


def _only_handlers(record: logging.LogRecord) -> bool:
    return "informer handler" in str(record.msg)
