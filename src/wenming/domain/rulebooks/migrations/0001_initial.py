import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('organisations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='RuleBook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('title', models.CharField(max_length=60)),
                ('organisation', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='Edition',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField()),
                ('status', models.CharField(choices=[('draft', '起草中'), ('in_force', '已生效')], default='draft', max_length=10)),
                ('in_force_from', models.DateField(null=True)),
                ('in_force_to', models.DateField(null=True)),
                ('drafted_by', models.BigIntegerField(null=True)),
                ('approved_by', models.BigIntegerField(null=True)),
                ('drafted_at', models.DateTimeField(null=True)),
                ('approved_at', models.DateTimeField(null=True)),
                ('adopted_note', models.CharField(blank=True, max_length=200)),
                ('demerits_vote', models.CharField(blank=True, max_length=120)),
                ('rule_book', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='editions', to='rulebooks.rulebook')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('in_force_to__isnull', True), ('status', 'in_force')), fields=('rule_book',), name='one_open_edition'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'in_force'), _negated=True), ('drafted_by__isnull', True), models.Q(('drafted_by', models.F('approved_by')), _negated=True), _connector='OR'), name='edition_by_two_persons'), models.UniqueConstraint(fields=('rule_book', 'number'), name='edition_number_once'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'in_force'), _negated=True), ('in_force_from__isnull', False), _connector='OR'), name='in_force_has_date'), models.CheckConstraint(condition=models.Q(('in_force_to__isnull', True), ('in_force_to__gt', models.F('in_force_from')), _connector='OR'), name='edition_runs_forward')],
            },
        ),
        migrations.CreateModel(
            name='RuleItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveSmallIntegerField(default=0)),
                ('code', models.CharField(max_length=12)),
                ('category', models.CharField(choices=[('volunteering', '志愿服务'), ('customs', '文明习俗'), ('participation', '文明参与'), ('good_deeds', '好人好事'), ('contests', '文明评比'), ('special_work', '特殊工作'), ('employment', '就业促进服务')], max_length=16)),
                ('direction', models.CharField(choices=[('merit', '加分'), ('demerit', '减分')], default='merit', max_length=8)),
                ('effect', models.CharField(choices=[('points_and_honour', '可用积分和荣誉积分'), ('points', '只给可用积分'), ('honour', '只给荣誉积分')], default='points_and_honour', max_length=20)),
                ('demerit_kind', models.CharField(blank=True, choices=[('', '不是减分项'), ('yard', '自家门前和院里'), ('public_space', '占用公共地方'), ('dog', '养犬'), ('waste', '垃圾投放'), ('no_show', '报名后没来'), ('pledge', '自己的承诺没兑现'), ('ruling', '有生效的法律文书')], default='', max_length=14)),
                ('title', models.CharField(max_length=60)),
                ('plain', models.CharField(blank=True, max_length=200)),
                ('value_kind', models.CharField(choices=[('fixed', '每次固定'), ('per_unit', '按数量'), ('steps', '分档')], default='fixed', max_length=10)),
                ('points', models.BigIntegerField(default=0)),
                ('unit', models.CharField(default='次', max_length=10)),
                ('quantity_max', models.PositiveIntegerField(default=1)),
                ('steps', models.JSONField(default=list)),
                ('classes', models.JSONField(default=dict)),
                ('declarers', models.JSONField(default=list)),
                ('evidence', models.JSONField(default=list)),
                ('credits_household', models.BooleanField(default=False)),
                ('person_times_day', models.PositiveIntegerField(null=True)),
                ('person_times_month', models.PositiveIntegerField(null=True)),
                ('person_times_year', models.PositiveIntegerField(null=True)),
                ('household_times_month', models.PositiveIntegerField(null=True)),
                ('person_points_day', models.BigIntegerField(null=True)),
                ('person_points_month', models.BigIntegerField(null=True)),
                ('person_points_year', models.BigIntegerField(null=True)),
                ('household_points_month', models.BigIntegerField(null=True)),
                ('household_points_year', models.BigIntegerField(null=True)),
                ('reviews_needed', models.PositiveSmallIntegerField(default=1)),
                ('track', models.CharField(choices=[('notice_first', '先公示后入账'), ('post_first', '先入账再公示')], default='notice_first', max_length=14)),
                ('notice_workdays', models.PositiveSmallIntegerField(default=5)),
                ('window_days', models.PositiveSmallIntegerField(default=30)),
                ('repair', models.CharField(blank=True, max_length=120)),
                ('edition', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='items', to='rulebooks.edition')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('edition', 'code'), name='item_code_once'), models.CheckConstraint(condition=models.Q(('effect__in', ['points_and_honour', 'points', 'honour'])), name='effect_is_lawful'), models.CheckConstraint(condition=models.Q(('notice_workdays__gte', 3), ('notice_workdays__lte', 7)), name='notice_3_to_7'), models.CheckConstraint(condition=models.Q(('reviews_needed__gte', 1), ('reviews_needed__lte', 5)), name='reviews_1_to_5'), models.CheckConstraint(condition=models.Q(('points__gte', 0)), name='value_not_negative'), models.CheckConstraint(condition=models.Q(models.Q(('demerit_kind', ''), ('direction', 'merit')), models.Q(('direction', 'demerit'), ('effect', 'points'), models.Q(('demerit_kind', ''), _negated=True)), _connector='OR'), name='demerit_is_of_a_lawful_kind')],
            },
        ),
    ]
