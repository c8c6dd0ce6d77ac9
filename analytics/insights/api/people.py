"""The API of people: the list, one person's profile and timeline, merges and splits by admins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.ingest import actions, wanted
from analytics.ingest.identities import Id
from analytics.ingest.models import CHANGE_PERSONS, PersonChange
from analytics.ingest.wanted import Wanted
from analytics.insights.api.insights import engine_errors, event_query, rights_of
from analytics.insights.asking import Asking
from analytics.insights.data_rights import require_all
from analytics.insights.definitions.events import EventList, parse_event_list
from analytics.insights.definitions.reading import Reader
from analytics.insights.definitions.window import parse_asked
from analytics.insights.described import people as described
from analytics.insights.directory import people_page
from analytics.insights.effects import change_json, effect, in_short
from analytics.insights.models import EXPLORE
from analytics.insights.profiles import KINDS, UnknownPerson, find, whole
from portal.accounts.permissions import staff_of
from portal.lib import clock
from portal.lib.field_error import FieldError
from portal.store.sources import Question

MAX_CHANGES = 200


class PeopleList(APIView):
    """People: who was seen last comes first."""

    required_permission = EXPLORE
    operations = {"get": described.PEOPLE}

    @extend_schema(operation_id="v1_people_list")
    def get(self, request: Request) -> Response:
        """List people, by what is known of them today."""
        now = clock.now()
        given = event_query(request.query_params.dict())
        if str(given.get("cohort", "")).isdecimal():
            given["cohort"] = int(given["cohort"])
        body = parse_asked(given, now, settings.PORTAL_TIME_ZONE)
        with engine_errors():
            found = people_page(Question(body.params, body.window, now, rights_of(request)))
        return Response(found | {"meta": found["meta"].as_json()})


class Person(APIView):
    """One person: profile and timeline. Every look stands in the audit log."""

    required_permission = EXPLORE
    operations = {"get": described.PERSON}

    def get(self, request: Request, person_id: str) -> Response:
        """Return who this is, all their ids, and their events, newest first.

        The id is a user id, else an anonymous one; `kind` says which where both exist.
        """
        now = clock.now()
        given = event_query(request.query_params.dict())
        kind = given.pop("kind", "")
        if kind not in ("", *KINDS):
            raise FieldError("kind", f"This must be one of: {', '.join(KINDS)}.")
        given = {"name" if name == "event" else name: value for name, value in given.items()}
        body = parse_asked(given, now, settings.PORTAL_TIME_ZONE)
        asked: EventList = parse_event_list(body.params, body.window.tzinfo)
        question = Question(body.params, body.window, now, rights_of(request))
        try:
            with engine_errors():
                found, answer = whole(question, person_id, kind, asked)
        except UnknownPerson as error:
            raise Http404 from error
        actions.record_person_viewed(staff_of(request), found)
        return Response(answer)


class ChangePersons(APIView):
    """Merge or split persons: shown first with `preview`, then asked for with a reason."""

    required_permission = CHANGE_PERSONS

    def want(self, reader: Reader, asking: Asking, change_id: int | None) -> Wanted:
        raise NotImplementedError

    def post(self, request: Request, change_id: int | None = None) -> Response:
        user, now = staff_of(request), clock.now()
        reader = Reader(request.data)
        is_preview, reason = reader.flag("preview"), reader.text("reason", "")
        rights = rights_of(request)
        require_all(rights)
        asking = Asking(Question({}, None, now, rights))
        with engine_errors():
            found = self.want(reader, asking, change_id)
            reader.finish()
            preview = effect(asking, found, settings.PORTAL_TIME_ZONE)
        if is_preview:
            return Response({"preview": preview, "meta": asking.meta().as_json()})
        change = actions.change_persons(
            user, found, reason=reason, effect=in_short(preview), now=now
        )
        return Response({"change": change_json(change), "preview": preview}, status=202)


class MergePersons(ChangePersons):
    """Let the person of one id become the person of another."""

    operations = {"post": described.MERGE}

    def want(self, reader: Reader, asking: Asking, change_id: int | None) -> Wanted:
        return wanted.merge(
            known_id(reader.take("into"), "into", asking),
            known_id(reader.take("from"), "from", asking),
        )


class SplitPerson(ChangePersons):
    """Take ids out of a person: their events count for a person of their own again."""

    operations = {"post": described.SPLIT}

    def want(self, reader: Reader, asking: Asking, change_id: int | None) -> Wanted:
        def parse(given: Any, path: str) -> Id:
            return known_id(given, path, asking)

        return wanted.split(reader.each("ids", parse, most=wanted.MAX_MOVED))


class UndoChange(ChangePersons):
    """Undo a merge or a split: do the inverse, linked to it."""

    operations = {"post": described.UNDO}

    def want(self, reader: Reader, asking: Asking, change_id: int | None) -> Wanted:
        change = PersonChange.objects.filter(pk=change_id or 0).first()
        if change is None:
            raise Http404
        return wanted.undo(change)


class ChangeList(APIView):
    """Merges and splits that admins asked for, newest first."""

    required_permission = CHANGE_PERSONS
    operations = {"get": described.CHANGES}

    @extend_schema(operation_id="v1_people_changes_list")
    def get(self, request: Request) -> Response:
        require_all(rights_of(request))
        rows = PersonChange.objects.select_related("requested_by").prefetch_related("undone_by")
        return Response({"changes": [change_json(row) for row in rows[:MAX_CHANGES]]})


class ChangeDetail(APIView):
    """A merge or split, and how far it has come."""

    required_permission = CHANGE_PERSONS
    operations = {"get": described.CHANGE}

    def get(self, request: Request, change_id: int) -> Response:
        require_all(rights_of(request))
        rows = PersonChange.objects.select_related("requested_by").prefetch_related("undone_by")
        row = rows.filter(pk=change_id).first()
        if row is None:
            raise Http404
        return Response(change_json(row))


def known_id(given: Any, path: str, asking: Asking) -> Id:
    """Read an id of somebody who is known: a text, or an object of `id` and `kind`.

    Raises FieldError.
    """
    reader = Reader(given if isinstance(given, Mapping) else {"id": given}, path)
    value, kind = reader.text("id"), reader.choice("kind", KINDS, "")
    reader.finish()
    try:
        return find(asking, value, kind)
    except UnknownPerson as error:
        raise FieldError(path, "Nobody with this id was ever seen.") from error
