"""A program that asks a server as many callers at once, each on a connection of its own that stays open.

Reads one JSON object on standard input (host, port, callers, headers, requests: method, address, headers and body of each) and
writes one on standard output: seconds from the first question to the last answer, milliseconds of every answer, and the
statuses. A caller that is cut off ends the run. It loads nothing of the product, so that it takes as little of the
machine as it can.
"""

from __future__ import annotations

import collections
import http.client
import json
import sys
import threading
import time


def main() -> None:
    given = json.load(sys.stdin)
    milliseconds: list[float] = []
    statuses: list[int] = []
    faults: list[str] = []
    gate = threading.Barrier(given["callers"] + 1)

    def call(place: int) -> None:
        line = http.client.HTTPConnection(given["host"], given["port"], timeout=60)
        try:
            line.connect()
        except OSError as fault:
            faults.append(f"caller {place}: {fault!r}")
        gate.wait()
        try:
            for method, address, headers, body in given["requests"][place :: given["callers"]]:
                started = time.perf_counter()
                line.request(method, address, body.encode() if body else None, {**given["headers"], **headers})
                answer = line.getresponse()
                answer.read()
                milliseconds.append((time.perf_counter() - started) * 1000)
                statuses.append(answer.status)
        except (OSError, http.client.HTTPException) as fault:
            faults.append(f"caller {place}: {fault!r}")
        finally:
            line.close()

    threads = [threading.Thread(target=call, args=(place,)) for place in range(given["callers"])]
    for thread in threads:
        thread.start()
    gate.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    if faults:
        sys.exit("\n".join(faults))
    seconds, counted = time.perf_counter() - started, collections.Counter(statuses)
    json.dump({"seconds": seconds, "milliseconds": milliseconds, "statuses": counted}, sys.stdout)


if __name__ == "__main__":
    main()
