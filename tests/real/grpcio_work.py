# SPDX-License-Identifier: MIT
"""A server and a client over HTTP/2 (C++, Cython, BoringSSL, c-ares, re2, all linked in)."""
import os
import tempfile
from concurrent import futures

# It logs the end of a connection, when its threads come to it in time.
os.environ["GRPC_VERBOSITY"] = "ERROR"

import grpc

print(grpc.__version__)


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/isolate/Reverse":
            return grpc.unary_unary_rpc_method_handler(lambda text, context: text[::-1])
        if details.method == "/isolate/Count":
            return grpc.unary_stream_rpc_method_handler(
                lambda text, context: (b"%d" % i for i in range(int(text))))
        return None


with tempfile.TemporaryDirectory() as directory:
    address = "unix:" + os.path.join(directory, "socket")
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((Handler(),))
    server.add_insecure_port(address)
    server.start()
    with grpc.insecure_channel(address) as channel:
        print(channel.unary_unary("/isolate/Reverse")(b"isolate" * 1000)[:9])
        print(sum(int(i) for i in channel.unary_stream("/isolate/Count")(b"500")))
        try:
            channel.unary_unary("/isolate/Nothing")(b"")
        except grpc.RpcError as error:
            print("error", error.code())
    server.stop(None).wait()
print(type(grpc.ssl_channel_credentials(b"nonsense")).__name__)
