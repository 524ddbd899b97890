import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('organisations', '0001_initial'),
        ('rulebooks', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ExpiryRound',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_on', models.DateField()),
                ('days_before', models.PositiveSmallIntegerField()),
                ('reached', models.BigIntegerField(default=0)),
                ('people', models.PositiveIntegerField(default=0)),
                ('points', models.BigIntegerField(default=0)),
                ('begun_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='edition',
            name='carry_percent',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='edition',
            name='expiry',
            field=models.CharField(choices=[('never', '长期有效'), ('after_months', '满若干个月'), ('year_end', '每年年底')], default='never', max_length=12),
        ),
        migrations.AddField(
            model_name='edition',
            name='expiry_months',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddConstraint(
            model_name='edition',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('carry_percent', 0), ('expiry', 'never'), ('expiry_months', 0)), models.Q(('carry_percent', 0), ('expiry', 'after_months'), ('expiry_months__gte', 6), ('expiry_months__lte', 120)), models.Q(('carry_percent__lte', 99), ('expiry', 'year_end'), ('expiry_months', 0)), _connector='OR'), name='expiry_is_whole'),
        ),
        migrations.AddField(
            model_name='expiryround',
            name='branch',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation'),
        ),
        migrations.AddConstraint(
            model_name='expiryround',
            constraint=models.UniqueConstraint(fields=('branch', 'due_on', 'days_before'), name='expiry_round_once'),
        ),
    ]
