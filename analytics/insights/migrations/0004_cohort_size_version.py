from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("insights", "0003_cohorts"),
    ]

    operations = [
        migrations.AddField(
            model_name="cohortsize",
            name="version",
            field=models.PositiveIntegerField(default=1),
        ),
    ]
