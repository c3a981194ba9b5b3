"""Celery on Redis: a prefork worker, and the client that sends tasks. Settings come in the environment, as in node-peer.mjs."""

import os
import subprocess
import sys

from celery import Celery

app = Celery("celery_peer", broker=os.environ["BENCH_URL"])
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=4, task_ignore_result=True, broker_connection_retry_on_startup=True)


@app.task(name="job")
def job(name):
    """Runs one job to its end, in a folder and with output files of its own."""
    folder = os.path.join(os.environ["BENCH_FOLDER"], name)
    os.mkdir(folder)
    with open(os.path.join(folder, "stdout"), "wb") as output, open(os.path.join(folder, "stderr"), "wb") as errors:
        command = [os.environ["BENCH_STAMP"], os.environ["BENCH_LEDGER"], name]
        subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, check=True)


def main():
    """Starts the worker, then submits each id that comes on standard input and repeats it on standard output."""
    flags = ["--loglevel=ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat", f"--concurrency={os.environ['BENCH_CONCURRENCY']}"]
    worker = subprocess.Popen([sys.executable, "-m", "celery", "-A", "celery_peer", "worker", *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=os.path.dirname(os.path.abspath(__file__)))
    try:
        while not app.control.inspect(timeout=0.5).ping():
            pass
        print("ready", flush=True)
        for line in sys.stdin:
            job.delay(line.strip())
            print(line.strip(), flush=True)
    finally:
        worker.terminate()
        worker.wait()


if __name__ == "__main__":
    main()
