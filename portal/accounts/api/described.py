"""What the operations of teams, folders and grants take and give, for the OpenAPI schema."""

from __future__ import annotations

from portal.lib.openapi import FLAG, TEXT, TIME, WHOLE, Json, Operation, choice, listed, record

NULLABLE_ID: Json = {"type": "integer", "nullable": True}
LEVEL = choice("view", "edit", "admin")

FOLDER = record(
    id=WHOLE, name=TEXT, parent=NULLABLE_ID, path=TEXT, is_public=FLAG, stop_inheriting=FLAG,
    created_by=TEXT, created_at=TIME,
)  # fmt: skip
FOLDER_WRITTEN = {
    "name": TEXT,
    "parent": NULLABLE_ID | {"description": "null: at the top"},
    "is_public": FLAG | {"description": "all staff may see what is inside"},
    "stop_inheriting": FLAG | {"description": "of the folders around it"},
}
FOLDER_CREATE = Operation(body=record(("name",), **FOLDER_WRITTEN), answer=FOLDER, status=201)
FOLDER_CHANGE = Operation(body=record(**FOLDER_WRITTEN), answer=FOLDER)
FOLDER_REPLACE = Operation(body=record(("name",), **FOLDER_WRITTEN), answer=FOLDER)
FOLDER_LIST = Operation(answer=record(folders=listed(FOLDER)))
FOLDER_ONE = Operation(answer=FOLDER)

MEMBER = record(user=TEXT, name=TEXT, added_by=TEXT, added_at=TIME, is_from_sso=FLAG)
TEAM = record(
    id=WHOLE, name=TEXT, description=TEXT, sso_names=listed(TEXT), members=listed(MEMBER),
    created_at=TIME,
)  # fmt: skip
TEAM_WRITTEN = {
    "name": TEXT,
    "description": TEXT,
    "sso_names": listed(TEXT) | {"description": "names of groups at the identity provider"},
    "members": listed(TEXT) | {"description": "e-mail addresses; left out: as they are"},
}
TEAM_LIST = Operation(answer=record(teams=listed(TEAM)))
TEAM_ONE = Operation(answer=TEAM)
TEAM_CREATE = Operation(body=record(("name",), **TEAM_WRITTEN), answer=TEAM, status=201)
TEAM_CHANGE = Operation(body=record(**TEAM_WRITTEN), answer=TEAM)
TEAM_REPLACE = Operation(body=record(("name",), **TEAM_WRITTEN), answer=TEAM)

OBJECT_FIELDS = {"object_type": TEXT, "object_id": WHOLE}
SUBJECT_FIELDS = {
    "user": TEXT | {"description": "an e-mail address"},
    "team": WHOLE | {"description": "a team's id"},
    "role": TEXT | {"description": "a role's name"},
}
GRANT = record(
    id=WHOLE, **OBJECT_FIELDS, **SUBJECT_FIELDS, level=LEVEL, created_by=TEXT, created_at=TIME
)
GRANT_LIST = Operation(
    answer=record(grants=listed(GRANT)),
    query={
        "object_type": "dashboard, folder, insight, ...",
        "object_id": "grants on this object; the caller administers it",
    },
)
GRANT_CREATE = Operation(
    body=record(
        ("object_type", "object_id", "level"), **OBJECT_FIELDS, **SUBJECT_FIELDS, level=LEVEL
    ),
    answer=GRANT,
    status=201,
)
GRANT_ONE = Operation(answer=GRANT)
GRANT_CHANGE = Operation(body=record(("level",), level=LEVEL), answer=GRANT)

REASON = record(level=LEVEL, why=TEXT)
WHO = Operation(
    answer=record(
        object_type=TEXT, object_id=WHOLE, name=TEXT, is_public=FLAG, stop_inheriting=FLAG,
        is_protected=FLAG, people=listed(record(user=TEXT, name=TEXT, level=LEVEL, why=listed(TEXT))),
    ),
    query={"user": "only this person, by e-mail address: why, or why not"},
)  # fmt: skip
CHANGE_RIGHTS = Operation(
    body=record(
        is_public=FLAG, stop_inheriting=FLAG,
        is_protected=FLAG | {"description": "of a cohort: who changes it needs a grant"},
        folder=NULLABLE_ID | {"description": "move it there; null: to the top"},
        preview=FLAG | {"description": "only say who gains and who loses"},
    ),
    answer=record(
        effects=listed(
            record(
                user=TEXT, before={**LEVEL, "nullable": True}, after={**LEVEL, "nullable": True},
                counts={"type": "object", "additionalProperties": WHOLE},
            )
        )
    ),
)  # fmt: skip
