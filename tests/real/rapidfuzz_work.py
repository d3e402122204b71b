# SPDX-License-Identifier: MIT
"""String distances (C++, Cython)."""
import rapidfuzz
from rapidfuzz import fuzz, process
from rapidfuzz.distance import JaroWinkler, Levenshtein

print(rapidfuzz.__version__)
print(Levenshtein.distance("kitten" * 50, "sitting" * 50))
print(Levenshtein.editops("ab", "ba").as_list())
print("%.6f" % JaroWinkler.similarity("martha", "marhta"))
print("%.6f" % fuzz.token_sort_ratio("a b c", "c a b"))
names = ["isolate%d" % i for i in range(500)]
print(process.extract("isolate 42", names, limit=3))
print(process.cdist(["ab", "cd"], ["ac", "bd"], scorer=Levenshtein.distance).tolist())
