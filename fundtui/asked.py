"""Which venues are asked, and how often, by the settings."""

from __future__ import annotations

from fundtui.config import Settings


def disabled(settings: Settings, venues: tuple[str, ...], experimental: frozenset[str] = frozenset()) -> frozenset[str]:
    """The venues that are not asked: switched off, not among `only`, or experimental and not switched on."""
    chosen = settings.venues
    off = set(chosen.disable) | (experimental - set(chosen.enable))
    off |= {name for name, one in chosen.named.items() if not one.enabled}
    if chosen.only:
        off |= set(venues) - set(chosen.only)
    return frozenset(off)


def pace(settings: Settings) -> dict[str, float]:
    """Venue -> the user's seconds between two polls."""
    return {name: one.poll for name, one in settings.venues.named.items() if one.poll is not None}
