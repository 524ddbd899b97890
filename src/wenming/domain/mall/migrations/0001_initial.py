import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('depositors', '0001_initial'),
        ('funds', '0001_initial'),
        ('ledger', '0001_initial'),
        ('organisations', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=32, unique=True)),
                ('kind', models.CharField(choices=[('goods', '物品'), ('service', '服务')], max_length=8)),
                ('title', models.CharField(max_length=40)),
                ('plain', models.CharField(blank=True, max_length=200)),
                ('picture', models.CharField(default='gift', max_length=16)),
                ('unit', models.CharField(default='份', max_length=8)),
                ('price', models.BigIntegerField()),
                ('cost', models.BigIntegerField(default=0)),
                ('times_max', models.PositiveIntegerField(null=True)),
                ('period_days', models.PositiveIntegerField(default=30)),
                ('pickup_days', models.PositiveSmallIntegerField(default=7)),
                ('is_for_minors', models.BooleanField(default=False)),
                ('is_on_shelf', models.BooleanField(default=True)),
                ('added_at', models.DateTimeField()),
                ('fund', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='funds.fund')),
                ('organisation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('price__gt', 0)), name='price_positive'), models.CheckConstraint(condition=models.Q(('cost__gte', 0)), name='cost_not_negative'), models.UniqueConstraint(fields=('organisation', 'title'), name='product_title_once')],
            },
        ),
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.CharField(max_length=32, unique=True)),
                ('quantity', models.PositiveIntegerField(default=1)),
                ('price', models.BigIntegerField()),
                ('cost', models.BigIntegerField()),
                ('pickup_code', models.CharField(max_length=8)),
                ('status', models.CharField(choices=[('placed', '待领取'), ('collected', '已领取'), ('cancelled', '已取消'), ('expired', '过期退回'), ('refunded', '已退换')], default='placed', max_length=10)),
                ('door', models.CharField(max_length=12)),
                ('placed_by', models.BigIntegerField(null=True)),
                ('placed_at', models.DateTimeField()),
                ('pick_up_by', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_by', models.BigIntegerField(null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('submission_key', models.CharField(max_length=96, unique=True)),
                ('request_hash', models.CharField(default='', max_length=64)),
                ('branch', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                ('depositor', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='depositors.depositor')),
                ('held', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction')),
                ('passbook', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='depositors.passbook')),
                ('refunded', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction')),
                ('settled', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.transaction')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='mall.product')),
            ],
            options={
                'indexes': [models.Index(fields=['branch', 'status', 'id'], name='order_queue'), models.Index(fields=['status', 'pick_up_by'], name='order_expiry'), models.Index(fields=['pickup_code'], name='order_code'), models.Index(fields=['branch', 'ended_at'], name='order_of_day'), models.Index(fields=['depositor', '-id'], name='order_of_depositor')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'placed')), fields=('pickup_code',), name='open_code_once'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('status', 'placed')), models.Q(models.Q(('status', 'placed'), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='ended_has_instant'), models.CheckConstraint(condition=models.Q(('status', 'placed'), ('held__isnull', False), _connector='OR'), name='ended_was_held'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'refunded'), _negated=True), ('settled__isnull', False), _connector='OR'), name='refunded_was_settled'), models.CheckConstraint(condition=models.Q(('price__gt', 0), ('quantity__gt', 0)), name='order_positive')],
            },
        ),
        migrations.CreateModel(
            name='Stock',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('quantity', models.IntegerField(default=0)),
                ('branch', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='organisations.organisation')),
                ('product', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stocks', to='mall.product')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('product', 'branch'), name='stock_once'), models.CheckConstraint(condition=models.Q(('quantity__gte', 0)), name='stock_not_negative')],
            },
        ),
        migrations.CreateModel(
            name='StockChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reason', models.CharField(choices=[('received', '入库'), ('counted', '盘点'), ('reserved', '预留'), ('released', '放回'), ('refunded', '退换')], max_length=10)),
                ('quantity', models.IntegerField()),
                ('subject', models.CharField(blank=True, max_length=64)),
                ('changed_by', models.BigIntegerField(null=True)),
                ('changed_at', models.DateTimeField()),
                ('stock', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='changes', to='mall.stock')),
            ],
            options={
                'indexes': [models.Index(fields=['subject'], name='change_subject')],
                'constraints': [models.CheckConstraint(condition=models.Q(('quantity', 0), _negated=True), name='change_not_zero')],
            },
        ),
    ]
