"""All cases in the engine at once, asked at every stage of what may happen to their data.

Every case is asked; then ids are joined, late events come, persons are erased, the engine re-keys
what it stored, and more persons are erased. In between half the cases that this changes are asked
again, and each time the oracle must agree.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from secrets import token_hex

import pytest
from django.conf import settings

from analytics.ingest import identities, merging
from analytics.ingest.identities import Id, Identities
from analytics.ingest.models import Merge
from analytics.insights import fast, property_columns
from analytics.insights.definitions.window import parse_asked
from analytics.insights.models import Cohort
from portal.lib import clock
from portal.lib.row_rights import ALL, RowRights
from portal.store import client
from portal.store.models import Epoch
from portal.store.sources import Question, sources
from tests.insights.events import Event, add, insert_facts, load
from tests.insights.exact.worlds import Case, Json, Kind, gathered, tagged
from tests.insights.oracles.asking import Asked
from tests.insights.oracles.world import Join, World
from tests.running import eventually

# A fast form gets a quarter, and one that a kind does not know a sixteenth: it must not mind.
# `CASES=2000` is the proof; fewer are enough from day to day.
CASES = int(os.environ.get("CASES", "48"))
# `KINDS=funnel,trend` asks these alone.
KINDS = os.environ.get("KINDS", "")
LATER = timedelta(minutes=5)
BLOCK = 500_000  # events of one insert: each makes a part of every month that it touches
AT_ONCE = {"mutations_sync": 1, "max_query_size": 1 << 24}


@dataclass(frozen=True)
class Placed:
    """A case of a kind, tagged."""

    kind: Kind
    case: Case


@dataclass
class Stand:
    """All cases in the engine, at one stage."""

    placed: list[Placed]
    form: fast.Form | None = None
    rights: RowRights = ALL
    hidden: Callable[[Event], Iterable[Event]] = lambda _: ()  # stored beside it, and not theirs
    stage: str = ""
    has_joined: bool = False
    has_late: bool = False
    erased: set[Id | None] = field(default_factory=set)

    def world(self, case: Case) -> World:
        events = (*case.events, *(case.late if self.has_late else ()))
        joins = case.joins if self.has_joined else ()
        world = World(events, joins, case.facts, case.cohorts)
        return world.without(case.erased) if case.erased in self.erased else world

    def asked(self, case: Case) -> Asked:
        return Asked(self.world(case), case.body, case.as_of)

    def stages(self) -> Iterator[list[Placed]]:
        """Change the data step by step; yield the cases that it concerns."""
        cases = [one.case for one in self.placed]
        for table in ("person_overrides", "event_ids"):
            client.command(f"TRUNCATE TABLE {table}")
        load(self.stored(event for case in cases for event in case.events), size=BLOCK)
        insert_facts([fact for case in cases for fact in case.facts])
        self.stage = "as loaded"
        yield self.placed
        if self.form == "columns":
            add_columns()
        known = join(one for case in cases for one in case.joins)
        self.stage, self.has_joined = "joined", True
        joined = [one for one in self.placed if one.case.joins]
        yield joined[::2]
        add(
            self.stored(event for case in cases for event in case.late),
            size=BLOCK,
            persons=lambda event: known.person_of(event.key) if event.key else 0,
        )
        self.stage, self.has_late = "late events", True
        yield [one for one in self.placed if one.case.late][::2]
        self.stage = "erased while joined persons wait to be re-keyed"
        yield from self.erase(known, 0)
        rekey()
        self.stage = "re-keyed"
        yield joined[1::2]
        self.stage = "erased when all are re-keyed"
        yield from self.erase(known, 1)

    def stored(self, events: Iterable[Event]) -> Iterator[Event]:
        """Give the events, each followed by those that the asker may not read."""
        for event in events:
            yield event
            yield from self.hidden(event)

    def erase(self, known: Identities, turn: int) -> Iterator[list[Placed]]:
        """Erase the persons of every other case that erases one; yield half of these, and some
        that keep all their persons.
        """
        chosen = [one for one in self.placed if one.case.erased][turn::2]
        others = [one for one in self.placed if not one.case.erased][turn::32]
        erase((one.case.erased for one in chosen if one.case.erased), known)
        self.erased |= {one.case.erased for one in chosen if one.case.erased}
        yield [*chosen[::2], *others]


def add_columns() -> None:
    """Give the properties that were asked for columns of their own, as a job does."""
    for row in property_columns.add_due(clock.now()):
        eventually(
            partial(property_columns.is_written, row), within_s=60, what="a column is written"
        )


def join(joins: Iterator[Join]) -> Identities:
    """Join ids as the writer does, so that queries have to apply the merges."""
    known = Identities.load()
    changes = known.plan(identities.Join(one.user, one.other, "test") for one in joins)
    identities.commit(changes, clock.now())
    merging.settle()
    known.apply(changes)
    return known


def rekey() -> None:
    """Let the engine rewrite the merged persons' events, to the end."""

    def is_done() -> bool:
        merging.rekey(clock.now() + LATER)
        return not Epoch.current().pending_overrides

    eventually(is_done, within_s=60, what="the merged persons are re-keyed")


def erase(people: Iterable[Id], known: Identities) -> None:
    """Take persons out of the engine: whatever stands under a number that is one of theirs."""
    erased = {known.person_of(one) for one in people}
    if not erased:
        return
    losers = Merge.objects.filter(target__in=erased).values_list("loser", flat=True)
    numbers = [*erased, *losers]
    listed = ",".join(map(str, numbers))
    for table in ("events", "person_properties"):
        client.command(f"ALTER TABLE {table} DELETE WHERE person IN ({listed})", settings_=AT_ONCE)
    Epoch.rewritten()


def placed(kinds: Sequence[Kind], form: fast.Form | None) -> list[Placed]:
    """Draw cases of all kinds and tag them; their cohorts get rows."""
    drawn = [(kind, case) for kind in kinds for case in gathered(kind.cases, share(kind, form))]
    now, batch = clock.now(), token_hex(3)  # kept rows must not be taken for those of another test
    rows = [
        Cohort(name=f"{place}/{number}", definition={}, created_at=now, updated_at=now)
        for place, (_, case) in enumerate(drawn)
        for number in case.cohorts
    ]
    ids = iter(row.pk for row in Cohort.objects.bulk_create(rows))
    found = []
    for place, (kind, case) in enumerate(drawn):
        numbers = {number: next(ids) for number in case.cohorts}
        found.append(Placed(kind, tagged(case, f"{batch}.{place}", numbers)))
    definitions = {n: rule for one in found for n, rule in one.case.cohorts.items()}
    for row in rows:
        row.definition = definitions[row.pk]
    Cohort.objects.bulk_update(rows, ["definition"], batch_size=500)
    return found


def share(kind: Kind, form: fast.Form | None) -> int:
    """Return how many cases of a kind are asked in a form."""
    if form is None:
        return CASES
    return max(1, CASES // (4 if form in kind.forms else 16))


def answered(kind: Kind, case: Case, epoch: Epoch, rights: RowRights = ALL) -> Json:
    """Ask the source, without a cache, as everybody does."""
    found = parse_asked(case.body, case.as_of, settings.PORTAL_TIME_ZONE)
    question = Question(found.params, found.window, case.as_of, rights, epoch)
    return sources.get(kind.name).run(question).extra


def hold_against_the_oracles(kinds: Sequence[Kind], form: fast.Form | None) -> None:
    """Ask all cases at every stage; of those that differ from the oracle, show the smallest."""
    hold(Stand(placed(wanted(kinds), form), form))


def wanted(kinds: Sequence[Kind]) -> list[Kind]:
    return [one for one in kinds if not KINDS or one.name in KINDS.split(",")]


def hold(stand: Stand) -> None:
    for concerned in stand.stages():
        epoch = Epoch.current()
        wrong: list[tuple[Placed, str]] = []
        for one in concerned:
            try:
                one.kind.compare(
                    stand.asked(one.case), answered(one.kind, one.case, epoch, stand.rights)
                )
            except AssertionError as difference:
                wrong.append((one, str(difference)))
        if wrong:
            smallest, why = min(wrong, key=lambda pair: pair[0].case.size)
            summary = f"{len(wrong)} of {len(concerned)} answers differ ({stand.stage})"
            pytest.fail(f"{why}\n{summary}; {told(stand, smallest)}", pytrace=False)


def told(stand: Stand, one: Placed) -> str:
    case = one.case
    lines = [f"the smallest case, a {one.kind.name}:", f"{case.body}", f"as of {case.as_of}"]
    lines += map(str, stand.world(case).events)
    lines += [f"late: {event}" for event in case.late]
    lines += map(str, (*case.joins, *case.facts))
    return "\n".join([*lines, f"erased: {case.erased}", f"{case.cohorts}"])
