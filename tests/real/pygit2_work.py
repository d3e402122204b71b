# SPDX-License-Identifier: MIT
"""A repository by libgit2, which brings OpenSSL 3 and libssh2, and wants libz."""
import os
import tempfile

import pygit2

print(pygit2.__version__, pygit2.LIBGIT2_VERSION, bool(pygit2.features & 2))
author = pygit2.Signature("a", "a@b", 1500000000, 60)
with tempfile.TemporaryDirectory() as directory:
    repository = pygit2.init_repository(directory, initial_head="main")
    parents = []
    for text in ("one\n" * 500, "one\n" * 499 + "two\n"):
        with open(os.path.join(directory, "file"), "w") as file:
            file.write(text)
        repository.index.add("file")
        repository.index.write()
        tree = repository.index.write_tree()
        parents = [repository.create_commit("HEAD", author, author, "more", tree, parents)]
        print(parents[0])
    print(repository.diff("HEAD~1", "HEAD").patch.splitlines()[-2:], repository.status())
    print([commit.message for commit in repository.walk(parents[0])])
    print(repository.get(tree)["file"].size, pygit2.hash(b"isolate"))
    try:
        repository.revparse_single("nowhere")
    except KeyError as error:
        print("error", error)
    try:
        repository.remotes.create("gone", "https://127.0.0.1:1/x").fetch()
    except pygit2.GitError as error:
        print("error", type(error).__name__)
