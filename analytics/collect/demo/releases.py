"""Which version of the shop's apps came when, the broken one included."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Release:
    """`day` counts from the first day of the data; `spread_days` until everybody runs it."""

    version: str
    day: float
    spread_days: float
    is_broken: bool = False


BROKEN = "4.2.0"
BROKEN_FROM_DAY = 45.4
BROKEN_FOR_DAYS = 30 / 24  # rolled back after 30 hours
BROKEN_ON = frozenset({"web", "android"})

STORES = (  # apps: people update when they update
    Release("4.0.2", -60, 0),
    Release("4.1.0", 18, 14),
    Release("4.2.1", 51, 12),
    Release("4.3.0", 74, 16),
)
OWN_SERVERS = (  # the web shop: everybody gets it at once
    Release("4.0.2", -60, 0),
    Release("4.1.0", 16, 0),
    Release("4.2.1", 50, 0),
    Release("4.3.0", 72, 0),
)
DEVICES = (  # televisions, watches and cars are slow
    Release("2.8.0", -60, 0),
    Release("2.9.0", 30, 35),
)
PARTNERS = (Release("v2", -60, 0),)


def releases_of(platform: str) -> tuple[Release, ...]:
    """Return a platform's releases, oldest first; the first is what everybody began with."""
    return TRAINS[platform]


def _with_the_bad_deploy(train: tuple[Release, ...]) -> tuple[Release, ...]:
    """Insert the broken version and the rollback to the one before it."""
    before = [release for release in train if release.day < BROKEN_FROM_DAY]
    after = [release for release in train if release.day >= BROKEN_FROM_DAY]
    broken = Release(BROKEN, BROKEN_FROM_DAY, 0.15, is_broken=True)
    back = Release(before[-1].version, BROKEN_FROM_DAY + BROKEN_FOR_DAYS, 0.1)
    return (*before, broken, back, *after)


TRAINS = {
    "web": _with_the_bad_deploy(OWN_SERVERS),
    "android": _with_the_bad_deploy(STORES),
    "ios": STORES,
    "desktop": STORES,
    "tv": DEVICES,
    "watch": DEVICES,
    "car": DEVICES,
    "api": PARTNERS,
}
