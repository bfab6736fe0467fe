"""One handshake with Python's own TLS: says "accepted" when the server speaks HTTP/2 to us, otherwise why it does not.

handshake.py PORT CA [--tls12] [CHAIN KEY]
"""

import socket
import ssl
import sys

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"

arguments = [argument for argument in sys.argv[1:] if argument != "--tls12"]
context = ssl.create_default_context(cafile=arguments[1])
# The client must not be the one who refuses: weak keys are for the server to turn down.
context.set_ciphers("DEFAULT:@SECLEVEL=0")
context.set_alpn_protocols(["h2"])
if "--tls12" in sys.argv:
    context.maximum_version = ssl.TLSVersion.TLSv1_2
if len(arguments) > 2:
    context.load_cert_chain(arguments[2], arguments[3])
try:
    with socket.create_connection(("localhost", int(arguments[0])), timeout=10) as plain:
        with context.wrap_socket(plain, server_hostname="localhost") as secure:
            secure.sendall(PREFACE)
            answer = secure.recv(9)
            print("accepted" if answer[3:4] == b"\x04" else "closed")
except (ssl.SSLError, OSError) as error:
    print("refused:", error)
