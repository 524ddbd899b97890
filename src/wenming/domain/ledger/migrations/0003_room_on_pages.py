from django.db import migrations

# Half of each page stays free where rows change at every posting: PostgreSQL then puts the new version of a row beside the
# old one and leaves the indexes alone.
ROOM = "ALTER TABLE ledger_account SET (fillfactor = {percent})"


def leave(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ROOM.format(percent=50))


def fill(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(ROOM.format(percent=100))


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_triggers")]
    operations = [migrations.RunPython(leave, fill)]
