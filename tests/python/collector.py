"""A collector of traces over OTLP, by grpcio: prints its port, then a line of JSON for each span, with all bytes of the request it came in.

    collector.py FOLDER-OF-GENERATED-CODE
"""

import json
import sys
from concurrent import futures

import grpc

sys.path.insert(0, sys.argv[1])
import collector_pb2  # noqa: E402


def export(request, _context):
    for resource in collector_pb2.Request.FromString(request).resources:
        for scope in resource.scopes:
            for span in scope.spans:
                told = {
                    "trace": span.trace_id.hex(),
                    "span": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "name": span.name,
                    "bytes": request.decode("latin-1"),
                }
                print(json.dumps(told), flush=True)
    # An empty answer: all of it was taken.
    return b""


class Handler(grpc.GenericRpcHandler):
    def service(self, details):
        if details.method == "/opentelemetry.proto.collector.trace.v1.TraceService/Export":
            return grpc.unary_unary_rpc_method_handler(export)
        return None


server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
server.add_generic_rpc_handlers((Handler(),))
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
server.wait_for_termination()
