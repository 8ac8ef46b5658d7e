"""Another service, that takes one request at a time for 25 ms: 40 a second.    upstream.py PORT"""
import http.server
import sys
import threading
import time

ONE_AT_A_TIME = threading.Lock()


class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        with ONE_AT_A_TIME:
            time.sleep(0.025)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True


Server(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
