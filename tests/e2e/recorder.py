"""A server that keeps what it is asked, byte by byte."""
import re
import socket
import threading


class Recorder:
    """Keeps every request as its bytes were, and answers with what `answer(head, body)` gives."""

    def __init__(self, answer=lambda head, body: (200, b"ok", "")):
        self.answer, self.requests, self.lock = answer, [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        data = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in data:
                    part = connection.recv(65536)
                    if not part:
                        return
                    data += part
                head, _, data = data.partition(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
                while length and len(data) < int(length[1]):
                    data += connection.recv(65536)
                body, data = (data[:int(length[1])], data[int(length[1]):]) if length else (b"", data)
                with self.lock:
                    self.requests.append((head, body))
                status, content, more = self.answer(head, body)
                connection.sendall(f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n{more}\r\n".encode() + content)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def parsed(request):
    """Method, target, headers by name in small letters, body."""
    head, body = request
    lines = head.decode("latin-1").split("\r\n")
    method, target, _ = lines[0].split(" ")
    return method, target, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}, body
