# SPDX-License-Identifier: MIT
"""job.py MASTER READY DONE: a job of Spark whose parts import numpy, lxml and five on the workers.
Prints what came of it; then the processes of the workers are in READY, one a line with its
worker's directory, and are kept until DONE is there."""
import os
import sys
import time

import part
from pyspark.sql import SparkSession

master, ready, done = sys.argv[1:]
spark = (SparkSession.builder.master(master).config("spark.cores.max", "2")
         .config("spark.driver.memory", "512m").config("spark.executor.memory", "512m")
         .config("spark.ui.enabled", "false").getOrCreate())
spark.sparkContext.addPyFile(part.__file__)
parts = (spark.sparkContext.parallelize(range(1000), 8)
         .mapPartitions(lambda numbers: [part.part(numbers)]).collect())
part.print_whole(parts)
part.write_processes(parts, ready)
while not os.path.exists(done):
    time.sleep(0.2)
spark.stop()
