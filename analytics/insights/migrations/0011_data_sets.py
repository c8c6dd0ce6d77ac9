import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

# The roles that could read everything before there were data sets.
ROLES = ("viewer", "analyst", "editor", "responder", "admin")


def share_all_data(apps, schema_editor):
    """Let everybody read what they could read; who has it already keeps what an admin made of it."""
    DataSet = apps.get_model("insights", "DataSet")
    Grant = apps.get_model("accounts", "Grant")
    Group = apps.get_model("auth", "Group")
    now = django.utils.timezone.now()
    row, is_new = DataSet.objects.get_or_create(
        is_built_in=True,
        defaults={
            "name": "All data",
            "description": "Every event, from every source.",
            "created_at": now,
            "updated_at": now,
        },
    )
    if is_new:
        for role in ROLES:
            group, _ = Group.objects.get_or_create(name=role)
            Grant.objects.create(object_type="data_set", object_id=row.pk, group=group, level=1)


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("accounts", "0002_teams_folders_grants"),
        ("insights", "0010_sql_statements"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DataSet",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=120)),
                ("description", models.TextField(blank=True)),
                ("sources", models.JSONField(default=list)),
                ("filters", models.JSONField(default=list)),
                ("is_built_in", models.BooleanField(default=False)),
                ("version", models.PositiveIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-is_built_in", "name"],
                "permissions": [
                    ("administer_data_sets", "Make data sets, change and share them")
                ],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"), name="data_set_name_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_built_in", True)),
                        fields=("is_built_in",),
                        name="data_set_of_all_once",
                    ),
                ],
            },
        ),
        migrations.RunPython(share_all_data, migrations.RunPython.noop),
    ]
