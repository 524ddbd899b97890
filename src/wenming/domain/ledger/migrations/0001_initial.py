import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Book',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.CharField(max_length=32, unique=True)),
                ('algorithm', models.CharField(default='sha256', max_length=8)),
                ('opened_at', models.DateTimeField()),
                ('sealed_size', models.BigIntegerField(default=0)),
                ('sealed_id', models.BigIntegerField(default=0)),
                ('sealed_through', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=32, unique=True)),
                ('code', models.CharField(max_length=48, null=True)),
                ('unit', models.CharField(choices=[('points', '可用积分'), ('honour', '荣誉积分'), ('fen', '资金（分）')], max_length=8)),
                ('is_member', models.BooleanField()),
                ('floor', models.BigIntegerField(null=True)),
                ('balance', models.BigIntegerField(default=0)),
                ('credited_total', models.BigIntegerField(default=0)),
                ('debited_total', models.BigIntegerField(default=0)),
                ('held', models.BigIntegerField(default=0)),
                ('last_sequence', models.BigIntegerField(default=0)),
                ('last_recorded', models.BigIntegerField(default=0)),
                ('opened_at', models.DateTimeField()),
                ('closed_at', models.DateTimeField(null=True)),
                ('certificate', models.BinaryField(max_length=32)),
                ('book', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.book')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('book', 'code'), name='account_code_once'), models.CheckConstraint(condition=models.Q(('floor__isnull', True), ('balance__gte', models.F('floor')), _connector='OR'), name='account_above_floor'), models.CheckConstraint(condition=models.Q(('is_member', False), ('floor__gte', 0), _connector='OR'), name='member_has_floor'), models.CheckConstraint(condition=models.Q(('held__gte', 0)), name='account_held_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('size', models.BigIntegerField()),
                ('root', models.BinaryField(max_length=32)),
                ('sealed_at', models.DateTimeField()),
                ('house_balances', models.JSONField(default=dict)),
                ('nodes', models.BinaryField(default=b'')),
                ('digest', models.BinaryField(max_length=32)),
                ('book', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.book')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('book', 'size'), name='seal_size_once')],
            },
        ),
        migrations.CreateModel(
            name='Transaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=32, unique=True)),
                ('number', models.BigIntegerField(null=True)),
                ('kind', models.CharField(choices=[('opening_balance', '期初结余'), ('deed_deposited', '善行存入'), ('penalty', '减分'), ('order_placed', '兑换预留'), ('order_collected', '兑换取走'), ('order_released', '兑换退回'), ('order_refunded', '兑换退换'), ('reversed', '更正'), ('written_off', '核销差额'), ('expired', '到期清零'), ('moved', '转存'), ('donation_received', '收到资金'), ('fund_drawn', '资金支出'), ('fund_returned', '资金退回')], max_length=24)),
                ('subject', models.CharField(max_length=64)),
                ('scope', models.CharField(default='', max_length=16)),
                ('key', models.CharField(max_length=96)),
                ('request_hash', models.BinaryField(max_length=32)),
                ('memento', models.BinaryField()),
                ('leaf_hash', models.BinaryField(max_length=32)),
                ('occurred_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
                ('book', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.book')),
                ('ends', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction')),
                ('reverses', models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction')),
            ],
            options={
                'indexes': [models.Index(fields=['book', 'scope', 'recorded_at'], name='transaction_scope_time')],
                'constraints': [models.UniqueConstraint(fields=('book', 'key'), name='transaction_key_once'), models.UniqueConstraint(condition=models.Q(('number__isnull', False)), fields=('book', 'number'), name='transaction_number_once'), models.UniqueConstraint(condition=models.Q(('ends__isnull', False)), fields=('ends',), name='hold_ends_once'), models.UniqueConstraint(condition=models.Q(('reverses__isnull', False)), fields=('reverses',), name='reversed_once')],
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.BigIntegerField(null=True)),
                ('amount', models.BigIntegerField()),
                ('balance_after', models.BigIntegerField(null=True)),
                ('recorded', models.BigIntegerField(null=True)),
                ('account', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('transaction', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction')),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('sequence__isnull', False)), fields=('account', 'sequence'), name='entry_place_once'), models.CheckConstraint(condition=models.Q(('amount', 0), _negated=True), name='entry_not_zero')],
            },
        ),
    ]
