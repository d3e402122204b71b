# SPDX-License-Identifier: MIT
"""A job of Celery, and the app that its workers are told of; the broker is a directory, named by
BROKER. `tasks.py READY` runs it: prints what came of it, and then the processes of the workers
are in READY, one a line with its worker's directory."""
import os
import sys

import part
from celery import Celery, group

broker = os.environ["BROKER"]
app = Celery("tasks", broker="filesystem://", backend="file://" + broker + "/results")
app.conf.update(
    broker_transport_options={"data_folder_in": broker + "/queue",
                              "data_folder_out": broker + "/queue",
                              "control_folder": broker + "/control"},
    worker_prefetch_multiplier=1, task_acks_late=True)


@app.task(name="part")
def run_part(first, end):
    return part.part(range(first, end))


if __name__ == "__main__":
    parts = group(run_part.s(n, n + 125) for n in range(0, 1000, 125))().get(timeout=120)
    part.print_whole(parts)
    part.write_processes(parts, sys.argv[1])
