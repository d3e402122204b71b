# SPDX-License-Identifier: MIT
"""Sockets between threads (C++ threads of libzmq), keys by libsodium."""
import threading

import zmq

print(zmq.__version__, zmq.zmq_version(), zmq.has("curve"))
context = zmq.Context()
server = context.socket(zmq.REP)
server.bind("inproc://a")


def answer():
    for _ in range(200):
        server.send(server.recv()[::-1])


thread = threading.Thread(target=answer)
thread.start()
client = context.socket(zmq.REQ)
client.connect("inproc://a")
total = 0
for i in range(200):
    client.send(b"%d" % i)
    total += int(client.recv()[::-1])
thread.join()
print(total)
public, secret = zmq.curve_keypair()
print(zmq.curve_public(secret) == public)
try:
    server.bind("tcp://nowhere")
except zmq.ZMQError as error:
    print("error", error.errno)
client.close()
server.close()
context.term()
