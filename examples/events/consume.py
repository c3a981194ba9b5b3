"""Prints the events of all jobs, each once: python3 examples/events/consume.py [brokers] [group]

Needs confluent-kafka (pip install confluent-kafka). Marid publishes at least once; the sequence says what was seen before.
"""

import json
import signal
import sys

from confluent_kafka import Consumer

brokers = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:9094"
group = sys.argv[2] if len(sys.argv) > 2 else "marid-events-example-python"
running = True


def stop(*_: object) -> None:
    global running
    running = False


signal.signal(signal.SIGINT, stop)
signal.signal(signal.SIGTERM, stop)
consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, "auto.offset.reset": "earliest"})
consumer.subscribe(["marid.job-events"])
seen: dict[str, int] = {}  # job -> last sequence; a real consumer keeps this beside what it writes
try:
    while running:
        record = consumer.poll(0.5)
        if record is None:
            continue
        if record.error():
            print(record.error(), file=sys.stderr)
            continue
        event = json.loads(record.value())
        step = event["transition"]
        if step["sequence"] <= seen.get(event["jobId"], 0):
            continue
        seen[event["jobId"]] = step["sequence"]
        kind = dict(record.headers())["ce_type"].decode()
        code = "" if event["result"] is None else f" exit code {event['result']['exitCode']}"
        print(f"{step['time']} {kind} {event['jobId']} #{step['sequence']} {step['reason']}{code}", flush=True)
finally:
    consumer.close()
