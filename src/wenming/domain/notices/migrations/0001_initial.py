import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('identity', '__first__'),
        ('organisations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Notice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=24, unique=True)),
                ('year', models.PositiveSmallIntegerField()),
                ('sequence', models.PositiveIntegerField()),
                ('title', models.CharField(max_length=60)),
                ('published_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('workdays', models.PositiveSmallIntegerField()),
                ('status', models.CharField(choices=[('up', '公示中'), ('closed', '已结束')], default='up', max_length=8)),
                ('closed_at', models.DateTimeField(null=True)),
                ('line_count', models.PositiveIntegerField(default=0)),
                ('points_total', models.BigIntegerField(default=0)),
                ('fingerprint', models.CharField(default='', max_length=64)),
                ('published_by', models.BigIntegerField(null=True)),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
            ],
            options={
                'indexes': [models.Index(fields=['branch', 'status', '-id'], name='notice_of_branch')],
                'constraints': [models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('published_at'))), name='notice_runs_forward'), models.UniqueConstraint(fields=('branch', 'year', 'sequence'), name='notice_number_once')],
            },
        ),
        migrations.CreateModel(
            name='NoticeLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.PositiveIntegerField()),
                ('subject', models.CharField(max_length=64)),
                ('masked_name', models.CharField(max_length=40)),
                ('words', models.CharField(max_length=120)),
                ('points', models.BigIntegerField()),
                ('happened_on', models.DateField()),
                ('status', models.CharField(choices=[('standing', '公示中'), ('contested', '有意见'), ('cleared', '无异议'), ('struck', '已撤下')], default='standing', max_length=10)),
                ('notice', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='notices.notice')),
            ],
            options={
                'indexes': [models.Index(fields=['subject'], name='line_subject'), models.Index(fields=['status', 'id'], name='line_status')],
                'constraints': [models.UniqueConstraint(fields=('notice', 'place'), name='line_place_once'), models.UniqueConstraint(condition=models.Q(('status__in', ['standing', 'contested'])), fields=('subject',), name='subject_stands_once')],
            },
        ),
        migrations.CreateModel(
            name='Objection',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('not_done', '没做过这件事'), ('amount', '分数记多了或记少了'), ('person', '记错了人'), ('other', '别的原因')], max_length=20)),
                ('words', models.CharField(blank=True, max_length=500)),
                ('raised_at', models.DateTimeField()),
                ('due_on', models.DateField()),
                ('status', models.CharField(choices=[('open', '待答复'), ('upheld', '成立'), ('dismissed', '不成立')], default='open', max_length=10)),
                ('resolved_by', models.BigIntegerField(null=True)),
                ('resolved_at', models.DateTimeField(null=True)),
                ('answer', models.CharField(blank=True, max_length=500)),
                ('line', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='objections', to='notices.noticeline')),
                ('raised_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'open')), fields=('line', 'raised_by'), name='one_open_objection_each'), models.CheckConstraint(condition=models.Q(models.Q(('resolved_at__isnull', True), ('status', 'open')), models.Q(models.Q(('status', 'open'), _negated=True), ('resolved_at__isnull', False)), _connector='OR'), name='resolved_has_instant')],
            },
        ),
    ]
