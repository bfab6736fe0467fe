"""Those whom pages reach: a service over HTTPS, and a mail server with STARTTLS and a login. Each prints its port, and keeps what it is told
in a file, one JSON object a line."""

import http.server
import json
import ssl
import sys
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


def keep(file, told):
    with open(file, "a", encoding="utf-8") as out:
        out.write(json.dumps(told) + "\n")


def tls(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def https(certificate, key, file, authorization):
    """Refuses the first page that it is sent with a 503, and takes it when it comes again."""
    refused = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.headers["Authorization"] != authorization:
                answer = 401
            elif not refused:
                refused.append(self.headers["Idempotency-Key"])
                answer = 503
            else:
                keep(file, {"path": self.path, "key": self.headers["Idempotency-Key"], "refused": refused[0],
                            "type": self.headers["Content-Type"], "body": json.loads(body)})
                answer = 202
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.socket = tls(certificate, key).wrap_socket(server.socket, server_side=True)
    print(server.server_port, flush=True)
    server.serve_forever()


def mail(certificate, key, file, user, password):
    class Handler:
        async def handle_DATA(self, server, session, envelope):
            keep(file, {"from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                        "login": session.authenticated, "mail": envelope.content.decode()})
            return "250 taken"

    def login(server, session, envelope, mechanism, data):
        right = (data.login, data.password) == (user.encode(), password.encode())
        return AuthResult(success=right, handled=True)

    class OnAnyPort(Controller):
        def _trigger_server(self):
            self.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    server = OnAnyPort(Handler(), hostname="127.0.0.1", port=0, tls_context=tls(certificate, key), require_starttls=True,
                       authenticator=login, auth_required=True)
    server.start()
    print(server.server.sockets[0].getsockname()[1], flush=True)
    while True:
        time.sleep(3600)


{"https": https, "mail": mail}[sys.argv[1]](*sys.argv[2:])
