import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('ledger', '0001_initial'),
        ('organisations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Fund',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(choices=[('fiscal', '财政资金'), ('collective', '集体收入'), ('donation', '社会捐助')], max_length=12)),
                ('name', models.CharField(max_length=60)),
                ('opened_at', models.DateTimeField()),
                ('limit', models.BigIntegerField(default=50000)),
                ('raise_to', models.BigIntegerField(null=True)),
                ('raise_by', models.BigIntegerField(null=True)),
                ('account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organisation', 'name'), name='fund_name_once'), models.CheckConstraint(condition=models.Q(('limit__gte', 0)), name='fund_limit_not_negative'), models.CheckConstraint(condition=models.Q(models.Q(('raise_by__isnull', True), ('raise_to__isnull', True)), models.Q(('raise_by__isnull', False), ('raise_to__gt', models.F('limit'))), _connector='OR'), name='fund_raise_by_somebody')],
            },
        ),
        migrations.CreateModel(
            name='Draw',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=64, unique=True)),
                ('amount', models.BigIntegerField()),
                ('drawn_at', models.DateTimeField()),
                ('returned', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction')),
                ('transaction', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction')),
                ('fund', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='draws', to='funds.fund')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='draw_positive')],
            },
        ),
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=40)),
                ('payer', models.CharField(blank=True, max_length=60)),
                ('amount', models.BigIntegerField()),
                ('received_on', models.DateField()),
                ('recorded_by', models.BigIntegerField(null=True)),
                ('recorded_at', models.DateTimeField()),
                ('fund', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='receipts', to='funds.fund')),
                ('transaction', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('fund', 'number'), name='receipt_number_once'), models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='receipt_positive')],
            },
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('subject', models.CharField(max_length=64, unique=True)),
                ('amount', models.BigIntegerField()),
                ('approved_by', models.BigIntegerField()),
                ('approved_at', models.DateTimeField()),
                ('drawn_by', models.BigIntegerField(null=True)),
                ('fund', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='approvals', to='funds.fund')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('drawn_by', models.F('approved_by')), _negated=True), name='draw_by_two_persons')],
            },
        ),
    ]
