"""django-hordak at the same work, run as a script under a Python that has it: one transfer a transaction, and its bulk path."""

import json
import random
import sys
import threading
import time
from urllib.parse import parse_qsl, urlsplit

import django
from django.conf import settings


def main() -> None:
    address = urlsplit(sys.argv[1])
    place = dict(parse_qsl(address.query))
    clients, each, batch, members, branches = map(int, sys.argv[2:])
    settings.configure(
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": address.path.lstrip("/"),
                "USER": place["user"],
                "HOST": place["host"],
                "PORT": place["port"],
            }
        },
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "mptt", "djmoney", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        DEFAULT_CURRENCY="CNY",
        CURRENCIES=["CNY"],
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    measure(clients, each, batch, members, branches)


def accounts(count: int, kind: str, first_tree: int) -> list:
    from hordak.models import Account

    made = [
        Account(name=f"{kind}{n}", code=None, type=kind, currencies=["CNY"], lft=1, rght=2, tree_id=first_tree + n, level=0)
        for n in range(count)
    ]
    return list(Account.objects.bulk_create(made))


def measure(clients: int, each: int, batch: int, members: int, branches: int) -> None:
    from django.db import connection, transaction
    from hordak.models import Leg, Transaction
    from moneyed import Money

    houses, people = accounts(branches, "LI", 1), accounts(members, "AS", 1 + branches)
    source, amount = random.Random(7), Money(3, "CNY")

    everybody = threading.Barrier(clients + 1)

    def call(place: int) -> None:
        connection.ensure_connection()
        everybody.wait()
        for number in range(each):
            with transaction.atomic():
                houses[(place * each + number) % branches].transfer_to(source.choice(people), amount)
        connection.close()

    threads = [threading.Thread(target=call, args=(place,)) for place in range(clients)]
    for thread in threads:
        thread.start()
    everybody.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    one = time.perf_counter() - started
    assert Transaction.objects.count() == clients * each, "some transfers are missing"
    started = time.perf_counter()
    with transaction.atomic():
        made = Transaction.objects.bulk_create([Transaction(description=f"{number}") for number in range(batch)])
        legs = []
        for row in made:
            legs.append(Leg(transaction=row, account=source.choice(houses), credit=amount))
            legs.append(Leg(transaction=row, account=source.choice(people), debit=amount))
        Leg.objects.bulk_create(legs)
    many = time.perf_counter() - started
    print(json.dumps({"8_clients_per_second": clients * each / one, "batch_per_second": batch / many}))


main()
