"""A TLS server that ends its connections in the way that the path says, for the engine's tests.

/told: a body of unknown length, then close_notify. /cut: the same without. /long: a length, and no
close_notify. /short: less than the length, and no close_notify.
"""

import socket
import ssl
import sys
import threading

PORT, FOLDER = int(sys.argv[1]), sys.argv[2]
HEADS = {"long": "Content-Length: 5\r\n", "short": "Content-Length: 9\r\n"}


def serve(plain: socket.socket) -> None:
    try:
        connection = CONTEXT.wrap_socket(plain, server_side=True)
        request = b""
        while b"\r\n\r\n" not in request:
            part = connection.recv(4096)
            if not part:
                return
            request += part
        how = request.split()[1].decode().strip("/")
        head = HEADS.get(how, "")
        connection.sendall(f"HTTP/1.1 200 OK\r\nConnection: close\r\n{head}\r\nhello".encode())
        if how == "told":
            connection.unwrap()
    except OSError:
        pass
    finally:
        # Python closes the socket without a word of TLS.
        plain.close()
        if "connection" in locals():
            connection.close()


CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
CONTEXT.load_cert_chain(f"{FOLDER}/localhost.pem", f"{FOLDER}/localhost.key")
LISTENER = socket.create_server(("127.0.0.1", PORT))
while True:
    threading.Thread(target=serve, args=(LISTENER.accept()[0],), daemon=True).start()
