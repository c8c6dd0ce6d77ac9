"""What an event may look like: read one from JSON, name the field of whatever is wrong. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson

MAX_EVENTS = 10_000
MAX_TEXT = 200  # characters of a name, an id, a platform, a property's name
MAX_PROPERTIES_BYTES = 65_536
MAX_PROPERTIES = 1_000
MAX_DEPTH = 20
MAX_WARNINGS = 20
FUTURE_US = 86_400_000_000
SKEW_US = 300_000_000
MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
OLDEST_US = -2_208_988_800_000_000  # 1900-01-01: the engine's times begin here
LAST_DAY = 120_529  # 2299-12-31, where its dates end

IDENTIFIED = "user_identified"
ALIAS = "alias"
TEXTS = ("userId", "anonymousId", "sessionId", "platform", "version")
KNOWN = frozenset({"id", "name", "timestamp", "properties", *TEXTS})
MEANT = {
    "user_id": "userId", "userid": "userId", "anonymous_id": "anonymousId", "event": "name",
    "anonymousid": "anonymousId", "session_id": "sessionId", "sessionid": "sessionId",
    "type": "name", "time": "timestamp", "ts": "timestamp", "props": "properties",
}  # fmt: skip


class Unusable(ValueError):
    """An event that cannot be taken; `field` is what is wrong with it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


@dataclass(frozen=True)
class Rejection:
    index: int
    field: str
    message: str
    event: Any = None

    def as_json(self) -> dict[str, Any]:
        return {"index": self.index, "field": self.field, "message": self.message}


@dataclass(frozen=True)
class Arrival:
    """What all events of one batch share.

    `digest` is of the whole body: it tells events apart that have neither id nor timestamp.
    """

    source: int
    service: str
    environment: str
    at_us: int
    digest: Callable[[], bytes]
    shift_us: int = 0
    may_hold_nul: bool = True


def key_of(source: int, event_id: str) -> bytes:
    """Return the hash by which the writer knows this source's event again."""
    return blake2b(source.to_bytes(4, "big") + event_id.encode(), digest_size=16).digest()


@dataclass
class Rows:
    """Events as columns, in the order in which they came, all of equal length.

    Numbers are lists or arrays; in `texts`, None stands for the empty text.
    """

    key: list[bytes] = field(default_factory=list)
    day: Any = field(default_factory=list)
    is_dated: list[bool] = field(default_factory=list)
    position: Any = field(default_factory=list)
    id: list[str] = field(default_factory=list)
    name: list[str] = field(default_factory=list)
    ts: Any = field(default_factory=list)
    client_timestamp: list[str] = field(default_factory=list)
    texts: tuple[list[str], ...] = field(default_factory=lambda: tuple([] for _ in TEXTS))
    flags: list[list[str]] = field(default_factory=list)
    properties: list[bytes] = field(default_factory=list)
    strings: Pairs = field(default_factory=lambda: Pairs())
    numbers: Pairs = field(default_factory=lambda: Pairs())
    booleans: Pairs = field(default_factory=lambda: Pairs())

    def __len__(self) -> int:
        return len(self.name)


@dataclass
class Pairs:
    """One map column: all keys and values, and where each event's begin."""

    keys: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)
    offsets: list[int] = field(default_factory=lambda: [0])


class Reader:
    """Reads the events of one batch into rows; what cannot be taken becomes a rejection."""

    def __init__(self, arrival: Arrival, occurrences: dict[bytes, int] | None = None) -> None:
        self.arrival = arrival
        self.rows = Rows()
        self.rejections: list[Rejection] = []
        self.warnings: list[Rejection] = []
        self._occurrences = {} if occurrences is None else occurrences
        self._keys = blake2b(arrival.source.to_bytes(4, "big"), digest_size=16)

    def read(self, index: int, event: Any) -> bool:
        """Take one event; False when it was rejected."""
        try:
            self._take(index, event)
        except Unusable as problem:
            rejection = Rejection(index, problem.field, problem.message, event)
            self.rejections.append(rejection)
            return False
        return True

    def _take(self, index: int, event: Any) -> None:
        if type(event) is not dict:
            raise Unusable("event", f"An event is an object, not {json_type(event)}.")
        name = text(event, "name")
        if not name.strip():
            raise Unusable("name", "An event needs a name.")
        texts = [text(event, field) for field in TEXTS]
        properties = event.get("properties")
        packed = checked_properties(properties)
        check_special(name, texts[0], properties)
        if self.arrival.may_hold_nul:
            check_nul(event)
        instant, sent, flags = self._time(event.get("timestamp"))
        key, event_id = self._identity(event)
        if not event.keys() <= KNOWN:
            self._warn(index, event)
        rows = self.rows
        rows.position.append(index)
        rows.name.append(name)
        rows.key.append(key)
        rows.id.append(event_id)
        rows.ts.append(instant)
        rows.day.append(min((instant if sent is None else sent[0]) // DAY_US, LAST_DAY))
        rows.is_dated.append(event.get("timestamp") is not None)
        rows.client_timestamp.append("" if sent is None else sent[1])
        rows.flags.append(flags)
        rows.properties.append(packed)
        for column, value in zip(rows.texts, texts, strict=True):
            column.append(value)
        self._spread(properties or {})

    def _time(self, given: Any) -> tuple[int, tuple[int, str] | None, list[str]]:
        """Return when it happened; if that is not what the client said, also what it said."""
        arrival = self.arrival
        if given is None:
            return arrival.at_us, None, []
        sent = instant(given)
        shifted = sent + arrival.shift_us
        if shifted > arrival.at_us + FUTURE_US:
            return arrival.at_us, (sent, given), ["future"]
        if shifted < OLDEST_US or sent < OLDEST_US:
            raise Unusable("timestamp", "The timestamp lies before 1900-01-01.")
        if arrival.shift_us:
            return shifted, (sent, given), ["shifted"]
        return sent, None, []

    def _identity(self, event: dict[str, Any]) -> tuple[bytes, str]:
        """Return the hash by which a duplicate is known, and the id as shown."""
        event_id = text(event, "id")
        key = self._keys.copy()
        if event_id:
            key.update(event_id.encode())
            return key.digest(), event_id
        made = self._content_id(event)
        key.update(made.encode())
        return key.digest(), made

    def _content_id(self, event: dict[str, Any]) -> str:
        """Make an id from the content and its occurrence number: a re-sent batch repeats it."""
        try:
            content = orjson.dumps(event, option=orjson.OPT_SORT_KEYS)
        except TypeError as error:
            raise Unusable("event", "The event is nested too deeply.") from error
        digest = blake2b(content, digest_size=16)
        if event.get("timestamp") is None:
            digest.update(self.arrival.digest())
        seen = digest.digest()
        number = self._occurrences.get(seen, 0)
        self._occurrences[seen] = number + 1
        digest.update(number.to_bytes(4, "big"))
        return digest.hexdigest()

    def _spread(self, properties: dict[str, Any]) -> None:
        """Put scalars into the map of their type; arrays and objects stay in the JSON only."""
        strings, numbers, booleans = self.rows.strings, self.rows.numbers, self.rows.booleans
        for name, value in properties.items():
            kind = type(value)
            if kind is str:
                strings.keys.append(name)
                strings.values.append(value)
            elif kind is int or kind is float:
                numbers.keys.append(name)
                numbers.values.append(float(value))
            elif kind is bool:
                booleans.keys.append(name)
                booleans.values.append(value)
        strings.offsets.append(len(strings.keys))
        numbers.offsets.append(len(numbers.keys))
        booleans.offsets.append(len(booleans.keys))

    def _warn(self, index: int, event: dict[str, Any]) -> None:
        for name in event.keys() - KNOWN:
            if len(self.warnings) >= MAX_WARNINGS:
                return
            meant = MEANT.get(name.lower())
            hint = f" Did you mean {meant!r}?" if meant else ""
            shown = name[:MAX_TEXT]
            self.warnings.append(Rejection(index, shown, f"Unknown field, ignored.{hint}"))


def text(event: dict[str, Any], field: str) -> str:
    """Return a text field; absent and null are the empty text."""
    value = event.get(field)
    if value is None:
        return ""
    if type(value) is not str:
        raise Unusable(field, f"{field} is a string, not {json_type(value)}.")
    if len(value) > MAX_TEXT:
        raise Unusable(field, f"{field} is longer than {MAX_TEXT} characters.")
    return value


def checked_properties(properties: Any) -> bytes:
    """Return the properties as JSON, after checking their size, depth and names."""
    if properties is None or properties == {}:
        return b"{}"
    if type(properties) is not dict:
        raise Unusable("properties", f"properties is an object, not {json_type(properties)}.")
    try:
        packed = orjson.dumps(properties)
    except TypeError as error:
        raise Unusable("properties", "The properties are nested too deeply.") from error
    if len(packed) > MAX_TEXT and any(len(name) > MAX_TEXT for name in properties):
        raise Unusable("properties", f"A property's name is longer than {MAX_TEXT} characters.")
    if len(packed) > MAX_PROPERTIES_BYTES:
        raise Unusable(
            largest(properties), f"Properties take {MAX_PROPERTIES_BYTES} bytes at most."
        )
    if len(properties) > MAX_PROPERTIES:
        raise Unusable("properties", f"An event has {MAX_PROPERTIES} properties at most.")
    if b"[" in packed or packed.rfind(b"{"):
        check_depth(properties)
    return packed


def largest(properties: dict[str, Any]) -> str:
    """Name the property that takes the most room."""
    name = max(properties, key=lambda name: len(orjson.dumps(properties[name])))
    return f"properties.{name}"


def check_depth(properties: dict[str, Any]) -> None:
    for name, value in properties.items():
        if isinstance(value, dict | list) and depth_of(value) > MAX_DEPTH:
            message = f"A property is nested {MAX_DEPTH} levels at most."
            raise Unusable(f"properties.{name}", message)


def depth_of(value: Any) -> int:
    """Return how deep arrays and objects are nested, without recursion."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
    return depth


def check_special(name: str, user_id: str, properties: Any) -> None:
    """Refuse the two names that tell of persons without the ids that they tell of."""
    if name != IDENTIFIED and name != ALIAS:
        return
    if not user_id:
        raise Unusable("userId", f"{name} needs a userId.")
    if name == ALIAS:
        other = (properties or {}).get("alias")
        if type(other) is not str or not 0 < len(other) <= MAX_TEXT:
            message = f"alias needs properties.alias: the other id, {MAX_TEXT} characters at most."
            raise Unusable("properties.alias", message)


def check_nul(event: dict[str, Any]) -> None:
    """Refuse U+0000 wherever it stands: PostgreSQL and most readers cannot hold it."""
    for name, value in event.items():
        if name == "properties" or not holds_nul(value):
            continue
        raise Unusable(name.replace("\0", "\\0"), "The text holds a NUL character.")
    for name, value in (event.get("properties") or {}).items():
        if "\0" in name or holds_nul(value):
            shown = name.replace("\0", "\\0")
            raise Unusable(f"properties.{shown}", "The text holds a NUL character.")


def holds_nul(value: Any) -> bool:
    return any("\0" in found for found in strings_in(value))


def strings_in(value: Any) -> Iterator[str]:
    """Walk all strings of a JSON value, names included, without recursion."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if type(found) is str:
            yield found
        elif type(found) is dict:
            waiting.extend(found.keys())
            waiting.extend(found.values())
        elif type(found) is list:
            waiting.extend(found)


def instant(given: Any) -> int:
    """Return an RFC 3339 time as microseconds since 1970. Raises Unusable."""
    if type(given) is not str:
        raise Unusable("timestamp", f"timestamp is an RFC 3339 text, not {json_type(given)}.")
    try:
        found = datetime.fromisoformat(given)
    except ValueError:
        found = unusual(given)
    if found.tzinfo is None or given[4:5] != "-" or given[7:8] != "-" or given[10:11] not in "Tt ":
        raise not_a_time(given)
    since = found - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def unusual(given: str) -> datetime:
    """Read what RFC 3339 allows and Python does not: small letters and leap seconds."""
    upper = given[:64].upper()
    leap = upper[17:19] == "60"
    try:
        found = datetime.fromisoformat(upper[:17] + "59" + upper[19:] if leap else upper)
        return found + SECOND if leap else found
    except (ValueError, OverflowError) as error:
        raise not_a_time(given) from error


def not_a_time(given: str) -> Unusable:
    shown = given[:40]
    return Unusable("timestamp", f"{shown!r} is no RFC 3339 time such as 2026-01-31T08:00:00Z.")


def shift_of(sent_us: int, arrived_us: int) -> int:
    """Return by how much to move a batch whose client's clock is wrong: whole minutes, or 0."""
    offset = arrived_us - sent_us
    return round(offset / MINUTE_US) * MINUTE_US if abs(offset) > SKEW_US else 0


def json_type(value: Any) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    return "null" if value is None else names.get(type(value), "a number")
