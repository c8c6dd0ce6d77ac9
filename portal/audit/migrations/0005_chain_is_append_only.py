from django.db import migrations

FORWARDS = "".join(
    f"""
CREATE TRIGGER audit_no_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
"""
    for table in ("audit_seal", "audit_head")
)
BACKWARDS = "".join(
    f"""
DROP TRIGGER audit_no_truncate ON {table};
DROP TRIGGER audit_no_change ON {table};
"""
    for table in ("audit_seal", "audit_head")
)


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0004_chain'),
    ]

    operations = [
        migrations.RunSQL(FORWARDS, BACKWARDS),
    ]
