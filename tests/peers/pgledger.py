"""pgledger at the bench's work: its SQL file comes first, then what the bench gives every peer."""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from pathlib import Path

import psycopg


def main() -> None:
    file, address = sys.argv[1:3]
    clients, each, batch, members, branches = map(int, sys.argv[3:])
    source = random.Random(7)
    with psycopg.connect(address, autocommit=True) as store:
        store.execute(Path(file).read_text(encoding="utf-8").encode())
        opened = "SELECT (pgledger_create_account('m', 'points', %s)).id FROM generate_series(1, %s)"
        houses = [row[0] for row in store.execute(opened, [True, branches])]
        people = [row[0] for row in store.execute(opened, [False, members])]

        everybody = threading.Barrier(clients + 1)

        def call(place: int) -> None:
            with psycopg.connect(address, autocommit=True) as own:
                everybody.wait()
                for number in range(each):
                    pair = [houses[(place * each + number) % branches], source.choice(people)]
                    own.execute("SELECT count(*) FROM pgledger_create_transfer(%s, %s, 300)", pair)

        threads = [threading.Thread(target=call, args=(place,)) for place in range(clients)]
        for thread in threads:
            thread.start()
        everybody.wait()
        started = time.perf_counter()
        for thread in threads:
            thread.join()
        one = time.perf_counter() - started
        written = next(store.execute("SELECT count(*) FROM pgledger_transfers"))[0]
        assert written == clients * each, f"{written} transfers instead of {clients * each}"
        pairs = [(source.choice(houses), source.choice(people)) for _number in range(batch)]
        asked = (
            "SELECT count(*) FROM pgledger_create_transfers((SELECT array_agg((f, t, 300)::transfer_request) "
            "FROM unnest(%s::text[], %s::text[]) AS given(f, t)))"
        )
        started = time.perf_counter()
        store.execute(asked, [list(side) for side in zip(*pairs, strict=True)])
        many = time.perf_counter() - started
    print(json.dumps({"8_clients_per_second": clients * each / one, "batch_per_second": batch / many}))


main()
