import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('depositors', '0001_initial'),
        ('identity', '__first__'),
        ('ledger', '0001_initial'),
        ('organisations', '0001_initial'),
        ('rulebooks', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Declaration',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=32, unique=True)),
                ('declared_by', models.BigIntegerField(null=True)),
                ('door', models.CharField(choices=[('self', '自己申报'), ('other', '替人申报'), ('lane_chief', '街巷长'), ('counter', '柜台'), ('sheet', '表格导入'), ('api', '系统对接')], max_length=12)),
                ('happened_on', models.DateField()),
                ('quantity', models.PositiveIntegerField(default=1)),
                ('words', models.CharField(blank=True, max_length=500)),
                ('status', models.CharField(choices=[('submitted', '待审核'), ('returned', '退回补充'), ('rejected', '未通过'), ('withdrawn', '已撤回'), ('approved', '待公示'), ('on_notice', '公示中'), ('deposited', '已入账'), ('reversed', '已更正')], default='submitted', max_length=10)),
                ('status_at', models.DateTimeField()),
                ('declared_at', models.DateTimeField()),
                ('revision', models.PositiveSmallIntegerField(default=1)),
                ('history', models.JSONField(default=list)),
                ('points', models.BigIntegerField(null=True)),
                ('honour', models.BigIntegerField(null=True)),
                ('posted', models.BigIntegerField(null=True)),
                ('explanation', models.JSONField(default=dict)),
                ('notice_line_id', models.BigIntegerField(null=True)),
                ('is_noticed', models.BooleanField(default=False)),
                ('submission_key', models.CharField(max_length=96, unique=True)),
                ('request_hash', models.CharField(default='', max_length=64)),
                ('group_key', models.CharField(max_length=32, null=True)),
                ('batch_key', models.CharField(blank=True, default='', max_length=64)),
                ('branch', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                ('depositor', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='depositors.depositor')),
                ('household', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='depositors.household')),
                ('item', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='rulebooks.ruleitem')),
                ('passbook', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='depositors.passbook')),
                ('transaction', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction')),
            ],
            options={
                'indexes': [models.Index(fields=['branch', 'status', 'id'], name='declaration_queue'), models.Index(fields=['depositor', 'item', 'happened_on'], name='declaration_caps'), models.Index(fields=['household', 'item', 'happened_on'], name='declaration_household'), models.Index(fields=['depositor', '-id'], name='declaration_of_depositor'), models.Index(fields=['branch', 'happened_on'], name='declaration_by_day'), models.Index(condition=models.Q(('is_noticed', False)), fields=['branch', 'status', 'id'], name='declaration_unnoticed'), models.Index(condition=models.Q(('group_key__isnull', False)), fields=['group_key'], name='declaration_group')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['deposited', 'reversed']), _negated=True), ('transaction__isnull', False), models.Q(('points__lt', 0), ('posted', 0)), _connector='OR'), name='deposited_is_posted'), models.CheckConstraint(condition=models.Q(models.Q(('status__in', ['approved', 'on_notice', 'deposited']), _negated=True), models.Q(('honour__isnull', False), ('points__isnull', False)), _connector='OR'), name='approved_has_points')],
            },
        ),
        migrations.CreateModel(
            name='Reversal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('status', models.CharField(choices=[('proposed', '待复核'), ('confirmed', '已更正'), ('dropped', '不更正')], default='proposed', max_length=10)),
                ('reason', models.CharField(max_length=200)),
                ('proposed_by', models.BigIntegerField(null=True)),
                ('proposed_at', models.DateTimeField()),
                ('decided_by', models.BigIntegerField(null=True)),
                ('decided_at', models.DateTimeField(null=True)),
                ('written_off', models.BooleanField(default=False)),
                ('declaration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reversals', to='deeds.declaration')),
                ('transaction', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'dropped'), _negated=True), fields=('declaration',), name='one_reversal'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('status', 'proposed')), models.Q(models.Q(('status', 'proposed'), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='decided_has_instant'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'confirmed'), _negated=True), ('proposed_by__isnull', True), models.Q(('proposed_by', models.F('decided_by')), _negated=True), _connector='OR'), name='reversal_by_two_persons')],
            },
        ),
        migrations.CreateModel(
            name='Review',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveSmallIntegerField()),
                ('decision', models.CharField(choices=[('approve', '通过'), ('return', '退回补充'), ('reject', '不通过')], max_length=8)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('reviewed_at', models.DateTimeField()),
                ('declaration', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='deeds.declaration')),
                ('reviewer', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('declaration', 'revision', 'reviewer'), name='one_review_each')],
            },
        ),
    ]
