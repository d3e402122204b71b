# SPDX-License-Identifier: MIT
"""System calls, errno and struct sequences through C."""
import os

import psutil

print(psutil.__version__)
me = psutil.Process()
print(me.pid == os.getpid(), me.memory_info().rss > 0, me.num_threads() > 0)
print(psutil.cpu_count() == os.cpu_count(), psutil.virtual_memory().total > 0)
print(sorted(psutil.net_if_addrs())[-1:] != [], len(psutil.disk_partitions(all=True)) >= 0)
print(len(me.cpu_affinity()) > 0, psutil.boot_time() > 0)
try:
    psutil.Process(2 ** 22 + 5)
except psutil.NoSuchProcess as error:
    print("error", type(error).__name__)
try:
    psutil._psplatform.cext.proc_cpu_affinity_get(2 ** 22 + 5)
except OSError as error:
    print("error", type(error).__name__, error.errno)
