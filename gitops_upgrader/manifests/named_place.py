"""The refusal of places that people named, and that a layer puts another value in."""

from __future__ import annotations

from collections.abc import Sequence

from gitops_upgrader.errors import AmbiguousPlace, OverriddenPlace
from gitops_upgrader.manifests import suspect
from gitops_upgrader.manifests.node import Scalar
from gitops_upgrader.manifests.override import Fate, Override, Overrides, identity
from gitops_upgrader.manifests.place import Shape, Slot
from gitops_upgrader.manifests.query import VERSION_TEMPLATE, Query
from gitops_upgrader.manifests.scan import Scan

_SHOWN = 3


def refuse(scan: Scan, overrides: Overrides, query: Query, slots: Sequence[Slot]) -> None:
    """Refuse places in which an edit would not do what is meant, or not in all that is deployed.

    What a layer puts in a place that is named as well is edited together with it.

    Raises:
        OverriddenPlace: it would change nothing.
        AmbiguousPlace: it would change some deployments, and nobody knows whether the one that is meant is among them.
    """
    known = {identity(slot.place.at) for slot in slots if isinstance(slot.place.at, Scalar)}
    for slot in slots:
        place = slot.place
        fate = overrides.of(place.at, query.paths) if isinstance(place.at, Scalar) else Fate()
        others = tuple(item for item in fate.overrides if item.value is None or identity(item.value) not in known)
        if not others:
            continue
        if fate.counts:
            raise AmbiguousPlace(
                f"An edit here would change some of what is deployed: {_listed(others)}.",
                where=place.where,
                remedy="Name the folder of the layer that is meant with path.",
            )
        change = "might" if others[0].unread else "would"
        raise OverriddenPlace(
            f"An edit here {change} change nothing: {_listed(others)}.",
            where=place.where,
            remedy=_remedy(scan, query, slot, others),
        )


def _listed(overrides: tuple[Override, ...]) -> str:
    shown = "; ".join(map(_told, overrides[:_SHOWN]))
    return f"{shown}; and so on, {len(overrides)} in all" if len(overrides) > _SHOWN else shown


def _told(item: Override) -> str:
    if item.source:
        return f"a Kustomize replacement ({item.place}) writes it in {item.what}"
    if item.unread:
        return (
            f"the templatePatch of {item.what} names values too ({item.place}), and is no YAML before it is filled in"
        )
    if item.value is None:
        return f"a patch ({item.place}) takes it out of {item.what}"
    return f"{item.what} has {item.value.value[:80]} from {item.place}"


def _remedy(scan: Scan, query: Query, slot: Slot, overrides: tuple[Override, ...]) -> str:
    """What to do about it, with the targets to paste where they are known."""
    values = [item.value for item in overrides if item.value is not None]
    sources = sorted({item.source for item in overrides if item.source})
    template = query.targets[slot.index].template if slot.place.shape is Shape.TARGET else VERSION_TEMPLATE
    template = "" if template == VERSION_TEMPLATE else template
    filled = next((value.value for value in values if "{{" in value.value), "")
    if overrides[0].unread or filled:
        return _generator(suspect.suspects(scan, query.name, filled, template), slot)
    if slot.place.shape is Shape.MARKER and values:
        return f"Move the setter comment to {overrides[0].place}."
    if values:
        found = [suspect.at(value, template=template).snippet for value in values[:_SHOWN]]
        return f"Point targets at what counts, with {'; or with '.join(found)}."
    return f"Point targets at {sources[0]}." if sources else "Take the patch out, or leave out this place."


def _generator(found: list[suspect.Suspect], slot: Slot) -> str:
    """What to do where a template fills in the value, which a generator in the same file may have."""
    inside = [one.snippet for one in found if one.file == slot.place.file and "/generators/" in one.pointer]
    if inside:
        return f"Point targets at the generator, with {'; or with '.join(inside)}."
    return "Write the value into one of the generators, and point targets at it there; or take it out of the template."
