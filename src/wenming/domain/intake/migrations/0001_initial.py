import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('depositors', '0002_byte_order'),
        ('organisations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Sheet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=32, unique=True)),
                ('kind', models.CharField(choices=[('roll', '储户名册'), ('rulebook', '积分细则'), ('register', '积分登记台账'), ('balances', '期初结余')], max_length=10)),
                ('file_name', models.CharField(max_length=120)),
                ('sheet_name', models.CharField(blank=True, max_length=120)),
                ('digest', models.CharField(max_length=64)),
                ('status', models.CharField(choices=[('checked', '已核对，待确认'), ('signed', '第二人已签字'), ('committed', '已入册'), ('dropped', '已作废')], default='checked', max_length=10)),
                ('columns', models.JSONField(default=list)),
                ('wrapped_key', models.BinaryField()),
                ('content', models.BinaryField(null=True)),
                ('problems', models.JSONField(default=list)),
                ('facts', models.JSONField(default=dict)),
                ('row_count', models.PositiveIntegerField(default=0)),
                ('good_count', models.PositiveIntegerField(default=0)),
                ('bad_count', models.PositiveIntegerField(default=0)),
                ('committed_count', models.PositiveIntegerField(default=0)),
                ('is_blocked', models.BooleanField(default=False)),
                ('uploaded_by', models.BigIntegerField(null=True)),
                ('uploaded_at', models.DateTimeField()),
                ('signed_by', models.BigIntegerField(null=True)),
                ('signed_at', models.DateTimeField(null=True)),
                ('committed_by', models.BigIntegerField(null=True)),
                ('committed_at', models.DateTimeField(null=True)),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['branch', '-id'], name='sheet_of_branch'), models.Index(fields=['branch', 'kind', 'digest'], name='sheet_by_digest')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('bad_count', 0), ('status', 'committed')), fields=('branch', 'kind', 'digest'), name='sheet_committed_once'), models.CheckConstraint(condition=models.Q(('signed_by__isnull', True), ('uploaded_by__isnull', True), models.Q(('signed_by', models.F('uploaded_by')), _negated=True), _connector='OR'), name='sheet_signed_by_another')],
            },
        ),
        migrations.CreateModel(
            name='Opening',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('points', models.BigIntegerField()),
                ('honour', models.BigIntegerField()),
                ('passbook', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='depositors.passbook')),
                ('sheet', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='intake.sheet')),
            ],
        ),
    ]
