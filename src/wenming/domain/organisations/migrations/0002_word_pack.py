from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("organisations", "0001_initial")]
    operations = [
        migrations.AddField("organisation", "word_pack", models.CharField(blank=True, default="", max_length=12)),
    ]
