"""The tables that SQL typed by people may read, with their documented columns. Pure.

A data set is a query that stands before the statement under a name of its own. So the person is
always the right one, whatever was merged a moment ago, and columns that only the portal needs do
not exist. Rights to rows are the engine's business (portal.store.restricting).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from string import Template


@dataclass(frozen=True)
class Field:
    """One column as its readers see it."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True)
class DataSet:
    """A name, what it holds, and the SQL behind; `$database` and `$person` are filled in."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    select: str


EVENTS = DataSet(
    "events",
    "One row an event. Filter by name and day: both are quick.",
    (
        Field("name", "String", "the event's name"),
        Field("ts", "DateTime64(6)", "when it happened, UTC"),
        Field("day", "Date32", "the UTC day of ts"),
        Field("person", "UInt64", "whose it is, after merges; 0 is nobody"),
        Field("user_id", "String", "as sent; empty when not set"),
        Field("anonymous_id", "String", "as sent"),
        Field("session_id", "String", "as sent"),
        Field("platform", "String", ""),
        Field("version", "String", ""),
        Field("service", "String", ""),
        Field("environment", "String", ""),
        Field("strings", "Map(String, String)", "properties that are texts: strings['plan']"),
        Field("numbers", "Map(String, Float64)", "properties that are numbers"),
        Field("booleans", "Map(String, Bool)", "properties that are true or false"),
        Field("properties", "String", "all properties, as JSON"),
        Field("id", "String", "the event's id"),
        Field("received_at", "DateTime64(6)", "when it arrived, UTC"),
    ),
    "SELECT name, ts, day, $person AS person, user_id, anonymous_id, session_id, platform, version,"
    " service, environment, strings, numbers, booleans, properties, id, received_at"
    " FROM `$database`.events",
)
PEOPLE = DataSet(
    "people",
    "One row a person and property, with its latest value.",
    (
        Field("person", "UInt64", "as in events"),
        Field("property", "String", "the property's name"),
        Field("type", "String", "string, number, boolean, or json (then in string)"),
        Field("string", "String", "the value when it is a text"),
        Field("number", "Float64", "the value when it is a number"),
        Field("boolean", "Bool", "the value when it is true or false"),
        Field("updated_at", "DateTime64(6)", "the time of the event that set it"),
    ),
    "SELECT owner AS person, key AS property, latest.1 AS type, latest.2 AS string,"
    " latest.3 AS number, latest.4 AS boolean, at AS updated_at FROM ("
    "SELECT $person AS owner, key, argMax((type, string, number, boolean), (ts, type)) AS latest,"
    " max(ts) AS at FROM `$database`.person_properties GROUP BY owner, key)"
    " WHERE person != 0 AND latest.1 != 'null'",
)
DATA_SETS = {one.name: one for one in (EVENTS, PEOPLE)}


def composed(statement: str, used: Iterable[str], *, database: str, person: str) -> str:
    """Put the data sets that a checked statement reads before it."""
    names = {"database": database.replace("`", ""), "person": person}
    queries = ", ".join(
        f"{name} AS ({Template(DATA_SETS[name].select).substitute(names)})" for name in sorted(used)
    )
    return f"WITH {queries} SELECT * FROM ({statement})" if queries else statement
