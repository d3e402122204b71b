# SPDX-License-Identifier: MIT
"""ask.py ORIGIN REQUESTS WORKERS SCRIPT [WORD...]: asks app.py for a script, 4 requests at a
time, until there have been so many and each of the WORKERS (ids of processes, with commas
between) has answered. Prints each text that came, once."""
import concurrent.futures
import sys
import urllib.parse
import urllib.request

origin, requests, workers, *words = sys.argv[1:]
url = origin + "/?" + urllib.parse.quote_plus(" ".join(words))
missing = set(filter(None, workers.split(",")))
texts = set()


def ask(_):
    with urllib.request.urlopen(url, timeout=60) as answer:
        return answer.headers["Worker"], answer.read().decode()


with concurrent.futures.ThreadPoolExecutor(4) as pool:
    asked = 0
    while asked < int(requests) or missing:
        for worker, text in pool.map(ask, range(8)):
            missing.discard(worker)
            texts.add(text)
        asked += 8
        if asked > 4000:
            sys.exit("never answered: %s" % sorted(missing))
for text in sorted(texts):
    print(text, end="")
