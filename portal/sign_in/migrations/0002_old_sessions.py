from django.db import migrations


class Migration(migrations.Migration):
    """Sessions of before stood in a table that nobody reads any more; everybody signs in again."""

    dependencies = [("sign_in", "0001_initial")]

    operations = [
        migrations.RunSQL("DROP TABLE IF EXISTS django_session", migrations.RunSQL.noop),
    ]
