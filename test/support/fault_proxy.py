# SPDX-License-Identifier: MIT
"""An HTTP/1.1 proxy in front of one server that does what bad networks do, by a script.

    with FaultProxy("127.0.0.1", server.port) as proxy:
        proxy.script(Cut(request_bytes=1000, on=2), Refuse(503, retry_after=1, on=4))
        ... talk to proxy.url ...
        proxy.requests[1].body_bytes

A fault hits the requests that `on` names, and the others pass. Requests are counted from
1 in the order in which their heads arrive.
"""

import re
import select
import socket
import threading
import time

from support.proxied_http import BLOCK, LAST_CHUNK, Ended, Peer, header_of, is_interim, length_of

_LOOK_SECONDS = 0.2


class Fault:
    """`on`: a request's number, several of them, or a predicate of the Request; None: the next
    request. `times`: how many requests it hits before it is used up; None: every one."""

    def __init__(self, on=None, times=1):
        self._on = on
        self._left = times if not isinstance(on, (set, list, tuple, range)) else None

    def takes(self, request):
        if self._left == 0 or not self._matches(request):
            return False
        if self._left is not None:
            self._left -= 1
        return True

    @property
    def used_up(self):
        return self._left == 0

    def _matches(self, request):
        if self._on is None:
            return True
        if callable(self._on):
            return self._on(request)
        if isinstance(self._on, int):
            return request.number == self._on
        return request.number in self._on


class Cut(Fault):
    """Ends both connections once so many bytes of the request's body went to the server, or so many
    bytes of the answer to the client. `reset`: by RST instead of FIN."""

    def __init__(self, request_bytes=None, response_bytes=None, reset=False, **rest):
        super().__init__(**rest)
        self.request_bytes = request_bytes
        self.response_bytes = response_bytes
        self.reset = reset


class Stall(Fault):
    """Passes so many bytes of the request's body on, then nothing: no connection ends before the server gives the
    request up, or dies. `reached` is set when the bytes have gone."""

    def __init__(self, request_bytes, **rest):
        super().__init__(**rest)
        self.request_bytes = request_bytes
        self.reached = threading.Event()


class Ration(Fault):
    """Passes the bytes of each upload on up to a position, all requests together; those after it wait for `extend()`."""

    def __init__(self, until):
        super().__init__(times=None)
        self._until = until
        self._changed = threading.Condition()

    def left(self, position):
        """How many bytes may pass after this one; waits for the first."""
        with self._changed:
            self._changed.wait_for(lambda: position < self._until)
            return self._until - position

    def extend(self, until):
        with self._changed:
            self._until = until
            self._changed.notify_all()


class DropResponse(Fault):
    """Lets the server act, waits for its whole answer, and loses it."""


class Delay(Fault):
    """Waits, before the request goes on or (`of_response`) before its answer does."""

    def __init__(self, seconds, of_response=False, **rest):
        super().__init__(**rest)
        self.seconds = seconds
        self.of_response = of_response


class Throttle(Fault):
    """Passes the request's body on at this rate."""

    def __init__(self, bytes_per_second, **rest):
        super().__init__(**rest)
        self.bytes_per_second = bytes_per_second


class Damage(Fault):
    """Passes the request's body on with another first byte."""


class Refuse(Fault):
    """Answers by itself; the server never hears of the request."""

    def __init__(self, status=503, retry_after=None, body=b"", headers=(), **rest):
        super().__init__(**rest)
        self.status = status
        self.retry_after = retry_after
        self.body = body
        self.headers = list(headers)


class MoveLocation(Fault):
    """The answer's Location (and `location` in its body) names the proxy's second address."""


class RewriteResponse(Fault):
    """Passes the answer's head, and its body when that is short, through a function
    (head: bytes, body: bytes) -> bytes, the new answer."""

    def __init__(self, rewrite, **rest):
        super().__init__(**rest)
        self.rewrite = rewrite


class Request:
    """One request as the proxy saw it."""

    def __init__(self, number, head, via_port):
        line, *fields = head[:-4].decode("latin-1").split("\r\n")
        self.number = number
        self.via_port = via_port
        self.method, self.target, self.version = line.split(" ", 2)
        self.headers = {}
        for field in fields:
            name, _, value = field.partition(":")
            self.headers[name.strip().lower()] = value.strip()
        self.body_bytes = 0  # Passed on to the server.
        self.is_whole = False  # Its body was passed on to its end.
        self.status = None  # Passed back to the client.
        self.over = False  # Nothing more of the request or its answer will pass.

    @property
    def content_range(self):
        return self.headers.get("content-range")

    @property
    def begin(self):
        """Where in the file the request's bytes begin."""
        found = re.match(r"bytes (\d+)-", self.content_range or "")
        return int(found.group(1) if found else self.headers.get("upload-offset", 0))

    @property
    def is_status_query(self):
        return self.headers.get("content-length") == "0" and "*" in (self.content_range or "")

    def __repr__(self):
        return (f"<{self.number} {self.method} {self.content_range} sent {self.body_bytes} "
                f"got {self.status}>")


class FaultProxy:
    def __init__(self, upstream_host, upstream_port, host="127.0.0.1"):
        self.upstream = (upstream_host, upstream_port)
        self.host = host
        self.requests = []
        self._faults = []
        self._lock = threading.Lock()
        self._open = set()
        self._closing = False
        self._listeners = [self._listen(), self._listen()]
        self.port, self.second_port = (s.getsockname()[1] for s in self._listeners)

    def _listen(self):
        listener = socket.create_server((self.host, 0), backlog=64)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return listener

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self._closing = True
        for listener in self._listeners:
            listener.close()
        self.cut_all()

    def script(self, *faults):
        """Replaces the faults that are still waiting."""
        with self._lock:
            self._faults = list(faults)

    def cut_all(self):
        """Ends every open connection now."""
        with self._lock:
            peers = list(self._open)
        for peer in peers:
            peer.close(reset=True)

    @property
    def body_bytes(self):
        """Bytes of request bodies that went on to the server, all requests together."""
        return sum(request.body_bytes for request in self.requests)

    def wait_until(self, condition, seconds=30.0):
        """Waits for `condition(self)`; tells whether it came true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if condition(self):
                return True
            time.sleep(0.005)
        return bool(condition(self))

    def _accept(self, listener):
        port = listener.getsockname()[1]
        while not self._closing:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(Peer(sock), port), daemon=True).start()

    def _serve(self, client, via_port):
        server = None
        reset = False
        with self._lock:
            self._open.add(client)
        try:
            # A browser opens connections before it needs them. One to the server would be closed meanwhile.
            client.wait()
            server = Peer(socket.create_connection(self.upstream, timeout=30))
            server.sock.settimeout(None)
            with self._lock:
                self._open.add(server)
            while not self._closing:
                reset = self._exchange(client, server, via_port)
                if reset is not None:
                    break
        except (Ended, OSError, ValueError):
            pass
        finally:
            with self._lock:
                self._open -= {client, server}
            client.close(bool(reset))
            if server is not None:
                server.close(bool(reset))

    def _exchange(self, client, server, via_port):
        """Passes one request and its answer. Returns None while the connection lives, else whether to end it by RST."""
        head = client.head()
        with self._lock:
            request = Request(len(self.requests) + 1, head, via_port)
            self.requests.append(request)
            faults = {type(f): f for f in self._faults if f.takes(request)}
        try:
            return self._pass(client, server, head, request, faults)
        finally:
            request.over = True

    def _pass(self, client, server, head, request, faults):
        if Delay in faults and not faults[Delay].of_response:
            time.sleep(faults[Delay].seconds)
        if Refuse in faults:
            return self._refuse(client, head, request, faults[Refuse])
        cut = faults.get(Cut)
        server.send(head)
        if cut and cut.request_bytes == 0:
            return cut.reset
        if not self._pass_body(client, server, head, request, faults):
            return cut.reset
        ends = self._pass_answer(client, server, request, faults)
        if not ends and not request.is_whole:
            return self._end_behind_an_early_answer(client, head, request)
        return ends

    def _refuse(self, client, head, request, fault):
        extra = [f"Retry-After: {fault.retry_after}"] if fault.retry_after is not None else []
        lines = [f"HTTP/1.1 {fault.status} Refused", f"Content-Length: {len(fault.body)}",
                 "Connection: close", *extra, *fault.headers, "", ""]
        client.send("\r\n".join(lines).encode() + fault.body)
        request.status = fault.status
        return self._end_behind_an_early_answer(client, head, request)

    @staticmethod
    def _end_behind_an_early_answer(client, head, request):
        """An answer is lost to the client when its connection is closed over unread bytes."""
        client.sock.settimeout(5)
        chunked = header_of(head, b"transfer-encoding") is not None
        left = 0 if request.headers.get("expect") else (length_of(head) or 0) - request.body_bytes
        tail = b""
        while tail != LAST_CHUNK if chunked else left > 0:
            data = client.some()
            left -= len(data)
            tail = (tail + data)[-len(LAST_CHUNK):]
        return False

    def _pass_body(self, client, server, head, request, faults):
        """False when the script cuts in the middle."""
        ends = faults.get(Cut) or faults.get(Stall)
        cut_at = ends.request_bytes if ends else None
        rate = faults[Throttle].bytes_per_second if Throttle in faults else None
        ration = faults.get(Ration)
        left = length_of(head)
        chunked = left is None and header_of(head, b"transfer-encoding") is not None
        left = left or 0
        tail = b""
        waits_for_continue = "expect" in request.headers
        while left > 0 or chunked:
            if waits_for_continue:
                if not self._interim(client, server):
                    return True  # The final answer came first.
                waits_for_continue = False
            if not self._readable(client, server):
                return True
            limit = min(BLOCK, left) if not chunked else BLOCK
            if cut_at is not None:
                limit = min(limit, cut_at - request.body_bytes)
            if rate is not None:
                limit = min(limit, max(1, rate // 20))
            if ration is not None:
                limit = int(min(limit, ration.left(request.begin + request.body_bytes)))
            data = client.some(limit)
            if Damage in faults and request.body_bytes == 0:
                data = bytes([data[0] ^ 1]) + data[1:]
            server.send(data)
            request.body_bytes += len(data)
            left -= len(data)
            tail = (tail + data)[-len(LAST_CHUNK):]
            if chunked and tail == LAST_CHUNK:
                break
            if cut_at is not None and request.body_bytes >= cut_at:
                if Stall in faults:
                    faults[Stall].reached.set()
                return Stall in faults
            if rate is not None:
                time.sleep(len(data) / rate)
        request.is_whole = True
        return True

    def _interim(self, client, server):
        """Waits for 100 Continue and passes it on; False when another answer has come. A client may
        send its body without waiting."""
        while True:
            ready, _, _ = select.select([server.sock, client.sock], [], [], 10)
            if server.sock not in ready:
                return True
            head = server.head()
            if not is_interim(head):
                server.early = head + server.early
                return False
            client.send(head)
            if head.split(b" ", 2)[1] == b"100":
                return True

    def _readable(self, client, server):
        """Waits for the client's next bytes; False when the server already answered instead."""
        while not client.early:
            ready, _, _ = select.select([client.sock, server.sock], [], [], 10)
            if client.sock in ready:
                return True
            if server.sock in ready:
                head = server.head()
                if not is_interim(head):
                    server.early = head + server.early
                    return False
                client.send(head)
        return True

    def _pass_answer(self, client, server, request, faults):
        head = server.head()
        while is_interim(head):
            client.send(head)
            head = server.head()
        request_status = int(head.split(b" ", 2)[1])
        bodyless = request.method == "HEAD" or request_status in (204, 304)
        length = 0 if bodyless else length_of(head)
        if Delay in faults and faults[Delay].of_response:
            time.sleep(faults[Delay].seconds)
        if length is None:
            return self._pass_unmeasured(client, server, request, head, request_status)
        body = b""
        while len(body) < length:
            body += server.some(length - len(body))
        if DropResponse in faults:
            return False
        answer = self._rewritten(head, body, faults)
        if Cut in faults and faults[Cut].response_bytes is not None:
            client.send(answer[:faults[Cut].response_bytes])
            return faults[Cut].reset
        request.status = request_status
        client.send(answer)
        closes = "close" in (header_of(head, b"connection") or "").lower()
        return False if closes else None

    def _pass_unmeasured(self, client, server, request, head, status):
        request.status = status
        client.send(head)
        while True:
            client.send(server.some())

    def _rewritten(self, head, body, faults):
        if MoveLocation in faults:
            here, there = (f"{self.host}:{port}".encode() for port in (self.port, self.second_port))
            moved = body.replace(here, there)
            head = re.sub(rb"(?im)^(location:[ \t]*http://)" + re.escape(here), rb"\g<1>" + there, head)
            head = re.sub(rb"(?im)^(content-length:).*?\r$", rb"\1 %d\r" % len(moved), head)
            body = moved
        if RewriteResponse in faults:
            return faults[RewriteResponse].rewrite(head, body)
        return head + body
