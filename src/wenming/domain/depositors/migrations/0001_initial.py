import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('identity', '__first__'),
        ('ledger', '0001_initial'),
        ('organisations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Depositor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=32, unique=True)),
                ('kind', models.CharField(choices=[('person', '个人'), ('household', '家庭'), ('unit', '单位'), ('collective', '集体')], max_length=12)),
                ('name', models.CharField(max_length=60)),
                ('pinyin', models.CharField(blank=True, max_length=160)),
                ('initials', models.CharField(blank=True, max_length=40)),
                ('sex', models.CharField(blank=True, choices=[('m', '男'), ('f', '女')], max_length=1)),
                ('born_on', models.DateField(null=True)),
                ('guardian', models.CharField(blank=True, max_length=60)),
                ('guardian_consent_on', models.DateField(null=True)),
                ('joined_on', models.DateField()),
                ('status', models.CharField(choices=[('active', '在册'), ('moved', '已迁出'), ('deceased', '已故'), ('erased', '已注销')], default='active', max_length=10)),
                ('status_at', models.DateTimeField()),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                ('user', models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='depositor', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Household',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('village_code', models.CharField(blank=True, max_length=12)),
                ('number', models.CharField(max_length=20)),
                ('lane', models.CharField(blank=True, max_length=30)),
                ('resident_count', models.PositiveSmallIntegerField(default=1)),
                ('opened_on', models.DateField()),
                ('closed_on', models.DateField(null=True)),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                ('head', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='depositors.depositor')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('branch', 'number'), name='household_number_once')],
            },
        ),
        migrations.AddField(
            model_name='depositor',
            name='household',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='members', to='depositors.household'),
        ),
        migrations.CreateModel(
            name='Kinship',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('relation', models.CharField(max_length=20)),
                ('registered_at', models.DateTimeField()),
                ('first', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='depositors.depositor')),
                ('second', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='depositors.depositor')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('first', 'second'), name='kin_once'), models.CheckConstraint(condition=models.Q(('first__lt', models.F('second'))), name='kin_in_order')],
            },
        ),
        migrations.CreateModel(
            name='Passbook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.CharField(max_length=20, unique=True)),
                ('card_code', models.CharField(max_length=32, unique=True)),
                ('opened_on', models.DateField()),
                ('closed_on', models.DateField(null=True)),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                ('depositor', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='passbook', to='depositors.depositor')),
                ('honour_account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('points_account', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
            ],
        ),
        migrations.CreateModel(
            name='Reveal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('user_id', models.BigIntegerField(null=True)),
                ('field', models.CharField(max_length=12)),
                ('purpose', models.CharField(choices=[('counter', '柜台核对本人'), ('contact', '联系本人'), ('payment', '发放物品或资金'), ('inspection', '监督检查')], max_length=12)),
                ('at', models.DateTimeField()),
                ('depositor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reveals', to='depositors.depositor')),
            ],
            options={
                'indexes': [models.Index(fields=['user_id', 'at'], name='reveal_of_user')],
            },
        ),
        migrations.CreateModel(
            name='Series',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_household', models.PositiveIntegerField(default=0)),
                ('last_passbook', models.PositiveIntegerField(default=0)),
                ('branch', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
            ],
        ),
        migrations.CreateModel(
            name='VaultRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wrapped_key', models.BinaryField()),
                ('id_number', models.BinaryField(null=True)),
                ('id_digest', models.CharField(max_length=64, null=True, unique=True)),
                ('phone', models.BinaryField(null=True)),
                ('phone_digest', models.CharField(db_index=True, max_length=64, null=True)),
                ('depositor', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='vault', to='depositors.depositor')),
            ],
        ),
        migrations.CreateModel(
            name='ClassMembership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('identity_class', models.CharField(choices=[('villager', '村民'), ('party_member', '党员'), ('lane_chief', '街巷长'), ('minor', '未成年人'), ('unit', '社会单位'), ('new_villager', '新村民')], max_length=16)),
                ('valid_from', models.DateField()),
                ('valid_to', models.DateField(null=True)),
                ('depositor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='classes', to='depositors.depositor')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('depositor', 'identity_class', 'valid_from'), name='class_once_a_day')],
            },
        ),
        migrations.AddIndex(
            model_name='depositor',
            index=models.Index(fields=['branch', 'pinyin'], name='depositor_pinyin'),
        ),
        migrations.AddIndex(
            model_name='depositor',
            index=models.Index(fields=['branch', 'initials'], name='depositor_initials'),
        ),
        migrations.AddIndex(
            model_name='depositor',
            index=models.Index(fields=['branch', 'name'], name='depositor_name'),
        ),
    ]
