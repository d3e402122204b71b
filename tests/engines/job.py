# SPDX-License-Identifier: MIT
"""job.py MASTER READY DONE: a job of Spark whose parts import numpy, lxml and five on the workers.
Prints what came of it; then the processes of the workers are in READY, one a line with its
worker's directory, and are kept until DONE is there."""
import os
import sys
import time

from pyspark.sql import SparkSession

master, ready, done = sys.argv[1:]
spark = (SparkSession.builder.master(master).config("spark.cores.max", "2")
         .config("spark.driver.memory", "512m").config("spark.executor.memory", "512m")
         .config("spark.ui.enabled", "false").getOrCreate())


def part(numbers):
    import platform

    import five    # whose libraries PyPy has, too
    import numpy
    from lxml import etree

    five.report()
    numbers = list(numbers)
    time.sleep(0.5)     # so that each worker gets some
    tree = etree.fromstring("<a>%s</a>" % "".join("<b>%d</b>" % n for n in numbers))
    yield (os.getpid(), os.getcwd(), platform.python_implementation(),
           int(numpy.array(numbers).sum()), int(tree.xpath("sum(//b)")))


parts = spark.sparkContext.parallelize(range(1000), 8).mapPartitions(part).collect()
print(*sorted({each[2] for each in parts}), sum(each[3] for each in parts),
      sum(each[4] for each in parts), flush=True)
with open(ready + ".new", "w") as file:
    for pid, where in sorted({each[:2] for each in parts}):
        print(pid, where, file=file)
os.rename(ready + ".new", ready)
while not os.path.exists(done):
    time.sleep(0.2)
spark.stop()
