from datetime import timedelta

import django.utils.timezone
from django.db import migrations

from analytics.collect.business.provided import PROVIDED

INTERVAL_S = 300


def provide(apps, schema_editor):
    """Give a new portal the metrics that the system before had; what is there already stays.

    They begin after the first minutes, in which the sample company is loaded: 90 days of revenue
    did not arrive today.
    """
    BusinessMetric = apps.get_model("collect", "BusinessMetric")
    now = django.utils.timezone.now()
    for one in PROVIDED:
        BusinessMetric.objects.get_or_create(
            name=one.name,
            defaults={
                "type": one.type,
                "description": one.description,
                "query": one.query,
                "reads_all": True,
                "interval_s": INTERVAL_S,
                "due_at": now + timedelta(seconds=60),
                "created_at": now,
                "updated_at": now,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("collect", "0001_business_metrics")]

    operations = [migrations.RunPython(provide, migrations.RunPython.noop)]
