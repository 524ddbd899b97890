"""Names and pinyin are compared byte by byte, so that a search by their beginning is a range on the index.

SQLite does so by itself; PostgreSQL follows the database's language unless it is told otherwise.
"""

from django.db import migrations

COLUMNS = [
    ("depositors_depositor", "name"),
    ("depositors_depositor", "pinyin"),
    ("depositors_depositor", "initials"),
    ("depositors_household", "number"),
    ("depositors_passbook", "number"),
]


def set_byte_order(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    for table, column in COLUMNS:
        model = next(m for m in apps.get_app_config("depositors").get_models() if m._meta.db_table == table)
        length = model._meta.get_field(column).max_length
        schema_editor.execute(f'ALTER TABLE {table} ALTER COLUMN {column} TYPE varchar({length}) COLLATE "C"')


class Migration(migrations.Migration):
    dependencies = [("depositors", "0001_initial")]
    operations = [migrations.RunPython(set_byte_order, migrations.RunPython.noop)]
