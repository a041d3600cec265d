"""A CRM on loopback for the tests: a real server that can be told to misbehave."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

TOKEN = "let me in"


class CrmServer:
    """Runs while the block lasts. `status` other than 200 is what every request gets."""

    def __init__(self) -> None:
        self.customers: dict[str, dict[str, Any]] = {
            "7": {"id": 7, "name": "Maria Lindqvist", "company": "Lindqvist AB", "phones": ["+1 555 010 0199"]},
            "8": {"id": 8, "name": "Tom Weaver", "company": "Weaver & Sons", "phones": ["5550100142"]},
        }
        self.removed: list[str] = []
        self.incoming: list[dict[str, str]] = []
        self.messages: list[dict[str, str]] = []
        self.calls: list[dict[str, str]] = []
        self.refusal = ""
        self.status = 200
        crm = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._answer(None)

            def do_POST(self) -> None:
                self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _answer(self, document: Any) -> None:
                status, answer = crm.answer(self.path, document, self.headers.get("Authorization", ""))
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="crm")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, path: str, document: Any, authorization: str) -> tuple[int, Any]:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self.status != 200:
            return self.status, {}
        if authorization != f"Bearer {TOKEN}":
            return 401, {}
        match parts.path.strip("/").split("/"), document:
            case ["customers"], None:
                everybody = list(self.customers.values()) if not query.get("since") else []
                return 200, {"customers": everybody, "removed": self.removed if query.get("since") else [], "token": "1"}
            case ["customers", key, "tickets"], None if key in self.customers:
                return 200, {"open": 2, "last": "printer on fire", "link": f"https://crm.example.com/customers/{key}"}
            case ["messages"], None:
                known = [entry["id"] for entry in self.incoming]
                after = known.index(query["after"]) + 1 if query.get("after") in known else 0
                return 200, {"messages": self.incoming[after:]}
            case ["messages"], _:
                if self.refusal:
                    return 200, {"refused": self.refusal}
                keys = [message["key"] for message in self.messages]
                if document["key"] not in keys:
                    self.messages.append(document)
                    keys.append(document["key"])
                return 200, {"id": f"sent-{keys.index(document['key']) + 1}"}
            case ["calls"], _:
                self.calls.append(document)
                return 200, {}
        return 404, {}
