"""Secrets of others, encrypted in the database."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, models
from django.test.utils import isolate_apps
from pytest_django import Settings

from portal.audit.models import AuditEntry
from portal.lib.secrets import Secret, SecretField, Undecryptable, decrypt, encrypt, keys
from portal.lib.secrets.keys import BadKeyFile
from portal.lib.secrets.rotation import Rotation


@pytest.fixture(autouse=True)
def key_file(settings: Settings, tmp_path: Path) -> Path:
    settings.SECRET_KEYS_FILE = tmp_path / "secret-keys"
    return tmp_path / "secret-keys"


def test_what_was_encrypted_is_read_again() -> None:
    encrypted = encrypt("hunter2 ☂", "sso.client_secret")

    assert "hunter2" not in encrypted
    assert decrypt(encrypted, "sso.client_secret") == "hunter2 ☂"


def test_the_same_text_never_looks_the_same_twice() -> None:
    assert encrypt("same", "place") != encrypt("same", "place")


def test_a_secret_copied_to_another_place_cannot_be_read_there() -> None:
    encrypted = encrypt("hunter2", "sso.client_secret")

    with pytest.raises(Undecryptable, match="another place"):
        decrypt(encrypted, "channel.token")


@pytest.mark.parametrize("broken", ["", "plain", "enc1:only", "enc1:nokey:AAAA"])
def test_what_is_no_encrypted_secret_is_refused(broken: str) -> None:
    with pytest.raises(Undecryptable):
        decrypt(broken, "place")


def test_an_altered_secret_is_refused() -> None:
    mark, key_id, packed = encrypt("hunter2", "place").split(":")
    altered = bytearray(base64.urlsafe_b64decode(packed))
    altered[-1] ^= 1

    with pytest.raises(Undecryptable, match="altered"):
        decrypt(f"{mark}:{key_id}:{base64.urlsafe_b64encode(altered).decode()}", "place")


def test_an_old_secret_key_still_decrypts(settings: Settings) -> None:
    encrypted = encrypt("hunter2", "place")
    settings.SECRET_KEY_FALLBACKS = (settings.SECRET_KEY,)
    settings.SECRET_KEY = "quite another"

    assert decrypt(encrypted, "place") == "hunter2"


def test_without_the_old_key_it_says_what_to_do(settings: Settings) -> None:
    encrypted = encrypt("hunter2", "place")
    settings.SECRET_KEY = "quite another"

    with pytest.raises(Undecryptable, match="PORTAL_OLD_SECRET_KEYS"):
        decrypt(encrypted, "place")


def test_the_first_key_of_the_file_encrypts_and_all_decrypt(key_file: Path) -> None:
    before = encrypt("hunter2", "place")
    first = keys.add_to_file("2026-01-01")
    by_first = encrypt("hunter2", "place")
    second = keys.add_to_file("2026-01-02")
    by_second = encrypt("hunter2", "place")

    assert [first.id in by_first, second.id in by_second] == [True, True]
    assert {decrypt(one, "place") for one in (before, by_first, by_second)} == {"hunter2"}
    assert key_file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("justaword", "Line 1"),
        ("id AAAA", "32 bytes"),
        (f"a {base64.b64encode(bytes(32)).decode()}\n" * 2, "twice"),
    ],
)
def test_a_wrong_key_file_says_what_is_wrong(key_file: Path, text: str, why: str) -> None:
    key_file.write_text(text)

    with pytest.raises(BadKeyFile, match=why):
        encrypt("hunter2", "place")


def test_rotation_renews_old_secrets_and_counts_those_it_cannot_read() -> None:
    old = encrypt("hunter2", "place")
    keys.add_to_file("2026-01-01")
    rotation = Rotation()

    fresh = rotation.renew(old, "place")
    again = rotation.renew(fresh or "", "place")
    lost = rotation.renew(old, "elsewhere")

    assert fresh is not None
    assert decrypt(fresh, "place") == "hunter2"
    assert (again, lost) == (None, None)
    assert (rotation.renewed, rotation.current, rotation.unreadable) == (1, 1, 1)


def test_old_keys_leave_the_file_only_when_nothing_uses_them() -> None:
    first = keys.add_to_file("2026-01-01")
    second = keys.add_to_file("2026-01-02")

    assert keys.keep_in_file({second.id}) == [first.id]
    assert [key.id for key in keys.file_keys()] == [second.id]


@pytest.mark.django_db
@isolate_apps("portal")
def test_a_field_keeps_its_value_encrypted_and_shows_it_to_nobody() -> None:
    class Provider(models.Model):  # noqa: DJ008  # shown nowhere
        client_secret = SecretField(blank=True)

        class Meta:
            app_label = "portal"

    with connection.schema_editor() as editor:
        editor.create_model(Provider)

    made = Provider._default_manager.create(client_secret="hunter2")
    read = Provider._default_manager.get(pk=made.pk)

    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM portal_provider")
        (stored,) = cursor.fetchone() or ("",)
    assert "hunter2" not in stored
    assert isinstance(read.client_secret, Secret)
    assert read.client_secret.reveal() == "hunter2"
    assert "hunter2" not in f"{read.client_secret} {read.client_secret!r}"

    read.save()
    with connection.cursor() as cursor:
        cursor.execute("SELECT client_secret FROM portal_provider")
        assert cursor.fetchone() == (stored,)


@pytest.mark.django_db
def test_the_command_makes_a_key_says_what_it_did_and_is_audited(
    key_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("rotate_secrets", "--new-key", "--forget-old")

    (made,) = keys.file_keys()
    entry = AuditEntry.objects.get(action="encryption.rotate")
    assert f"Current key: {made.id}" in capsys.readouterr().out
    assert entry.after == {
        "current_id": made.id, "renewed": 0, "unreadable": 0, "removed_ids": []
    }  # fmt: skip
