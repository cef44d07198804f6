"""`python -m tools.bench_bridge.headers`: prints the processor time for a row of a list from 10,000 hostile headers.

A row may take 20 ms.
"""

from __future__ import annotations

import time

from tests.support.hostile_headers import generated_headers
from webbridge.gateway.summary import RECIPIENTS_PART_BYTES, summary_from_fetch

HEADERS = 10_000
FIELDS = b"BODY[HEADER.FIELDS (FROM SUBJECT DATE CONTENT-TYPE)]<0>"
TO = b"BODY[HEADER.FIELDS (TO)]<0>"


def main() -> None:
    """Measure and print."""
    times: list[float] = []
    for uid, (fields, to) in enumerate(generated_headers(HEADERS, seed=16), 1):
        items = {FIELDS: fields, TO: to[:RECIPIENTS_PART_BYTES]}
        start = time.process_time()
        summary_from_fetch(uid, items)
        times.append((time.process_time() - start) * 1000)
    times.sort()
    print(f"{HEADERS} rows: median {times[HEADERS // 2]:.2f} ms, p99 {times[HEADERS * 99 // 100]:.2f} ms")
    print(f"the slowest: {times[-1]:.2f} ms, over 20 ms: {sum(milliseconds > 20 for milliseconds in times)}")


if __name__ == "__main__":
    main()
