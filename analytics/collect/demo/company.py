"""Lumen & Loom, a made-up shop for lamps and textiles, and what its customers do.

Everything follows from a seed and the day of the load: the same shop on every machine. Who a
customer is follows from their number alone. Nobody in it exists.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

from analytics.collect.demo.releases import Release, releases_of

Event = dict[str, Any]


@dataclass(frozen=True)
class Country:
    code: str
    share: float
    offset_h: int  # of the local clock from UTC
    currency: str
    rate: float  # units of the currency for one USD
    payment_methods: tuple[str, ...]


@dataclass(frozen=True)
class Product:
    name: str
    path: str
    price_usd: float


COUNTRIES = (
    Country("US", 0.30, -6, "USD", 1.0, ("card", "card", "paypal")),
    Country("GB", 0.13, 0, "GBP", 0.79, ("card", "paypal")),
    Country("DE", 0.15, 1, "EUR", 0.92, ("sepa_debit", "paypal", "card")),
    Country("FR", 0.10, 1, "EUR", 0.92, ("card", "card", "paypal")),
    Country("JP", 0.13, 9, "JPY", 151.0, ("card", "konbini")),
    Country("TH", 0.07, 7, "THB", 34.0, ("promptpay", "card")),
    Country("BR", 0.07, -3, "BRL", 5.4, ("pix", "card")),
    Country("AU", 0.05, 10, "AUD", 1.5, ("card", "paypal")),
)
PLATFORMS = {
    "web": 0.37,
    "ios": 0.22,
    "android": 0.21,
    "desktop": 0.08,
    "tv": 0.04,
    "api": 0.04,
    "watch": 0.02,
    "car": 0.02,
}
PLANS = {"free": 0.72, "plus": 0.21, "business": 0.07}
PRODUCTS = (
    Product("Aurora floor lamp", "/lamps/aurora", 189.0),
    Product("Ember table lamp", "/lamps/ember", 79.0),
    Product("Halo pendant", "/lamps/halo", 139.0),
    Product("Pebble night light", "/lamps/pebble", 29.0),
    Product("Harbor throw", "/textiles/harbor-throw", 59.0),
    Product("Field linen set", "/textiles/field-linen", 119.0),
    Product("Moss cushion", "/textiles/moss-cushion", 34.0),
    Product("Tide rug", "/textiles/tide-rug", 249.0),
    Product("Smart dimmer", "/parts/smart-dimmer", 49.0),
    Product("Warm bulb, four", "/parts/warm-bulbs", 24.0),
)
POPULARITY = (9, 8, 6, 7, 6, 4, 7, 2, 5, 8)
PAGES = ("/", "/lamps", "/textiles", "/parts", "/journal", "/sale")
SEARCHES = ("lamp", "linen", "rug", "dimmer", "gift", "warm light", "cushion", "pendant")
REFERRERS = ("", "", "https://search.example", "https://news.example", "https://social.example")
ERRORS = (
    ("NetworkError", "warning", "catalog", "The request took too long"),
    ("TimeoutError", "error", "search", "No answer within 5 s"),
    ("PaymentDeclined", "warning", "checkout", "The bank declined the payment"),
    ("TypeError", "error", "account", "Cannot read properties of null"),
    ("OutOfMemory", "critical", "media", "Not enough memory for the picture"),
)
BROKEN_ERROR = (
    "TypeError",
    "critical",
    "checkout",
    "Cannot read properties of undefined (reading 'total')",
)
# Where hours are local: few at night, a small wave at noon, the large one in the evening.
HOUR_WEIGHTS = tuple(
    0.12
    + 0.45 * math.exp(-((hour - 12.5) ** 2) / 7)
    + 1.0 * math.exp(-((hour - 20) ** 2) / 8)
    + 0.25 * math.exp(-((hour - 8) ** 2) / 3)
    for hour in range(24)
)
HOURS = tuple(accumulate(HOUR_WEIGHTS))
WEEKDAYS = (0.98, 0.95, 0.97, 1.0, 1.05, 1.2, 1.12)  # Monday first: a shop lives at weekends
ERROR_SHARE = 0.045
BROKEN_ERRORS_TIMES = 8
BROKEN_PURCHASES_TIMES = 0.3


@dataclass(frozen=True)
class Customer:
    """Somebody who visits. `user_id` is used once they have signed up."""

    number: int
    anonymous_id: str
    user_id: str
    country: Country
    platform: str
    second_platform: str
    plan: str
    haste: float  # 0 to 1: how early they take a new version


@lru_cache(maxsize=50_000)
def customer(number: int, realm: int) -> Customer:
    """Return who has this number, the same on every machine but for the ids: `realm`, the number
    of the source, keeps those of a shop that was removed and loaded again apart.
    """
    chance = random.Random(number * 7919 + 17)  # noqa: S311  # a made-up person
    platforms = list(PLATFORMS)
    shares = list(PLATFORMS.values())
    return Customer(
        number=number,
        anonymous_id=f"anon-{realm}-{number:06}",
        user_id=f"customer-{realm}-{number:06}",
        country=chance.choices(COUNTRIES, [country.share for country in COUNTRIES])[0],
        platform=chance.choices(platforms, shares)[0],
        second_platform=chance.choices(platforms, shares)[0],
        plan=chance.choices(list(PLANS), list(PLANS.values()))[0],
        haste=chance.random(),
    )


@dataclass
class Visit:
    """One visit under way: collects its events, a few seconds or minutes apart."""

    who: Customer
    platform: str
    release: Release
    session_id: str
    is_known: bool
    at_s: float  # seconds since the day began, UTC
    chance: random.Random
    events: list[tuple[float, Event]]

    def note(self, name: str, properties: dict[str, Any] | None = None) -> None:
        event: Event = {
            "name": name,
            "anonymousId": self.who.anonymous_id,
            "sessionId": self.session_id,
            "platform": self.platform,
            "version": self.release.version,
        }
        if self.is_known:
            event["userId"] = self.who.user_id
        if properties:
            event["properties"] = properties
        self.events.append((self.at_s, event))
        self.at_s += 3 + self.chance.expovariate(1 / 40)


def visit(
    who: Customer, *, is_known: bool, at_s: float, day: float, chance: random.Random
) -> Visit:
    """Return one visit, its events in order. `day` counts from the first day of the data.

    Afterwards `is_known` says whether the customer has signed up by now.
    """
    platform = who.platform if chance.random() < 0.78 else who.second_platform
    release = running_release(platform, who, day)
    one = Visit(
        who, platform, release, f"s-{chance.getrandbits(48):012x}", is_known, at_s, chance, []
    )
    arrive(one)
    browse(one)
    if not one.is_known and chance.random() < 0.16:
        sign_up(one, day)
    buy(one)
    return one


def running_release(platform: str, who: Customer, day: float) -> Release:
    """Return the version that this customer's device runs: people update at different speeds."""
    train = releases_of(platform)
    current = train[0]
    for release in train[1:]:
        if release.day + release.spread_days * who.haste <= day:
            current = release
    return current


def arrive(one: Visit) -> None:
    if one.platform not in {"web", "api"}:
        one.note("app_opened", {"cold_start": one.chance.random() < 0.4})
    if one.platform == "web":
        one.note("page_view", {"path": "/", "referrer": one.chance.choice(REFERRERS)})


def browse(one: Visit) -> None:
    chance = one.chance
    for _ in range(min(9, 1 + int(chance.expovariate(1 / 1.9)))):
        draw = chance.random()
        if draw < 0.13:
            one.note("search", {"query": chance.choice(SEARCHES), "results": chance.randrange(25)})
        elif draw < 0.55:
            one.note("page_view", {"path": chance.choice(PAGES)})
        else:
            one.note("page_view", {"path": product(chance).path})
    if chance.random() < ERROR_SHARE * (BROKEN_ERRORS_TIMES if one.release.is_broken else 1):
        fail(one)


def fail(one: Visit) -> None:
    is_the_bad_one = one.release.is_broken and one.chance.random() < 0.9
    found = BROKEN_ERROR if is_the_bad_one else one.chance.choice(ERRORS)
    kind, severity, component, message = found
    one.note(
        "error_occurred",
        {"type": kind, "severity": severity, "component": component, "message": message},
    )


def sign_up(one: Visit, day: float) -> None:
    one.is_known = True
    one.note("signup", {"method": one.chance.choice(("email", "google", "apple"))})
    one.note(
        "user_identified",
        {"plan": one.who.plan, "country": one.who.country.code, "signup_day": int(day)},
    )


def buy(one: Visit) -> None:
    """Put something into the cart, maybe, and pay, maybe; needs an account to pay."""
    chance = one.chance
    wants = 0.3 if one.is_known else 0.07
    if one.platform in {"watch", "car", "tv"}:
        wants /= 3
    if chance.random() > wants:
        return
    chosen = product(chance)
    country = one.who.country
    price = local_price(chosen, country)
    one.note("add_to_cart", {"product": chosen.name, "price": price, "currency": country.currency})
    pays = 0.62 * (BROKEN_PURCHASES_TIMES if one.release.is_broken else 1)
    if not one.is_known or chance.random() > pays:
        return
    quantity = 1 + (chance.random() < 0.18)
    one.note(
        "purchase",
        {
            "revenue": round(price * quantity, 2),
            "currency": country.currency,
            "product": chosen.name,
            "quantity": quantity,
            "payment_method": payment_method(one),
        },
    )


def product(chance: random.Random) -> Product:
    return chance.choices(PRODUCTS, POPULARITY)[0]


def payment_method(one: Visit) -> str:
    wallet = {"ios": "apple_pay", "watch": "apple_pay", "android": "google_pay"}.get(one.platform)
    if wallet and one.chance.random() < 0.5:
        return wallet
    return one.chance.choice(one.who.country.payment_methods)


def local_price(chosen: Product, country: Country) -> float:
    """Return a price as shops write it: .90 at the end, whole yen."""
    amount = chosen.price_usd * country.rate
    if country.currency in {"JPY", "THB"}:
        return float(round(amount, -1) or 10)
    return math.floor(amount) + 0.9


def hour_of_day(country: Country, chance: random.Random) -> float:
    """Return a time of day in UTC at which somebody of this country is awake, mostly."""
    local = chance.choices(range(24), cum_weights=HOURS)[0]
    return (local - country.offset_h) % 24 + chance.random()


def visits_on(day: int, weekday: int) -> int:
    """Return how many visits a day has: growing sevenfold over 90 days, more at weekends."""
    return round(292 * math.exp(day / 90 * math.log(6.5)) * WEEKDAYS[weekday])
