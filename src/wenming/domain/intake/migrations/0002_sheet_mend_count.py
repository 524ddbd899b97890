from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='sheet',
            name='mend_count',
            field=models.PositiveIntegerField(default=0),
        ),
    ]
