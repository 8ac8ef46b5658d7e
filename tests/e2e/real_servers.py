"""Servers that we did not write, each on free loopback ports with the same pages, for test_real_servers.py.

A page's path says what it answers: /empty, /small ("hello\\n"), /big (1 MiB of b), /text (compressed where asked for),
/chunked, /until-close, /204, /304, /echo, /r302 (a relative Location) and /a302 (an absolute one) to /small, or for 307
and 308 to /echo, /loop, /close, /s503 (that status); any other is 404. Ports: `plain`; `limited` closes a connection
after 5 requests, `idle` after 100 ms without one (1 s or a little more where a server counts in seconds); `tls12` and `tls13`
speak that version alone, `tls` what the server does by itself; `closing` closes after each response.
"""
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

from harness import free_port, wait_for

HERE = Path(__file__).resolve().parent
TEXT = "so it goes, " * 2000


def make_certificates(folder):
    """good.pem (127.0.0.1) and wrong.pem (another host's), keys beside them; ca.pem trusts both."""
    for name, host in (("good", "IP:127.0.0.1"), ("wrong", "DNS:elsewhere.test")):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", f"subjectAltName={host}", "-keyout", folder / f"{name}.key",
                        "-out", folder / f"{name}.pem"], check=True, capture_output=True)
    (folder / "ca.pem").write_text((folder / "good.pem").read_text() + (folder / "wrong.pem").read_text())


def answers(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


class Server:
    """Started by `with`, stopped with all its processes at the block's end. `folder` holds the certificates; the server
    gets a folder of its own in it."""
    ports = ("plain", "limited", "idle", "tls12", "tls13")

    def __init__(self, folder):
        self.certificates = folder
        self.dir = folder / type(self).__name__.lower()
        self.dir.mkdir()
        self.port = {name: free_port() for name in self.ports}
        self.started = []

    def url(self, port, path=""):
        return f"{'https' if port.startswith(('tls', 'wrong')) else 'http'}://127.0.0.1:{self.port[port]}{path}"

    def launch(self, *command, cwd=None):
        path = os.environ["PATH"] + ":/usr/sbin:/usr/bin"
        with open(self.dir / "output", "ab") as output:
            self.started.append(subprocess.Popen([shutil.which(command[0], path=path), *map(str, command[1:])],
                                                 stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                                 cwd=cwd or self.dir, start_new_session=True))

    def __enter__(self):
        try:
            self.start()
            for name, port in self.port.items():
                wait_for(lambda port=port: answers(port) or self.dead(), f"{type(self).__name__}'s port {name}", 30, 0.02)
        except BaseException:
            self.__exit__()
            raise
        return self

    def dead(self):
        if any(p.poll() is not None for p in self.started):
            raise AssertionError(f"{type(self).__name__} ended: {(self.dir / 'output').read_text()[-2000:]}")
        return False

    def __exit__(self, *_):
        for process in self.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # each leads a group of its own
            process.wait()

    def log(self):
        """One line for each request that this server has answered."""
        return (self.dir / "access.log").read_text().splitlines()

    def write_pages(self):
        pages = self.dir / "pages"
        pages.mkdir()
        for name, body in {"empty": "", "small": "hello\n", "big": "b" * 1048576, "text": TEXT,
                           "chunked": "hello world\n", "until-close": "until the end", "close": "hello\n"}.items():
            (pages / name).write_text(body)
        return pages


class Nginx(Server):
    ports = (*Server.ports, "tls11", "wrong")

    def start(self):
        self.write_pages()
        (self.dir / "nginx.conf").write_text(self.config())
        self.launch("nginx", "-p", self.dir, "-c", self.dir / "nginx.conf")

    def config(self):
        redirects = "".join(
            f"location = /{form}{status} {{ absolute_redirect {absolute}; return {status} "
            f"{'/small' if status < 307 else '/echo'}; }}\n"
            for form, absolute in (("r", "off"), ("a", "on")) for status in (301, 302, 303, 307, 308))
        statuses = "".join(f"location = /s{status} {{ return {status} no; }}\n" for status in (404, 429, 500, 503))
        (self.dir / "locations").write_text(f"""
            root {self.dir}/pages; default_type text/plain; absolute_redirect off;
            location = /chunked {{ ssi on; ssi_types *; }}
            location = /until-close {{ ssi on; ssi_types *; chunked_transfer_encoding off; }}
            location = /204 {{ return 204; }}
            location = /304 {{ try_files /small =404; }}
            location = /text {{ gzip on; gzip_types *; }}
            location = /loop {{ return 302 /loop; }}
            location = /close {{ keepalive_timeout 0; }}
            location = /echo {{ client_body_buffer_size 64k; proxy_pass http://127.0.0.1:{self.port["plain"]}/echoed;
                                proxy_set_header X-Body $request_body; proxy_method GET; proxy_pass_request_body off; }}
            location = /echoed {{ access_log off; return 200 $http_x_body; }}
            {redirects}{statuses}""")
        include = f"include {self.dir}/locations;"
        secure = "".join(
            f"server {{ listen 127.0.0.1:{self.port[port]} ssl; ssl_protocols {version}; ssl_ciphers DEFAULT@SECLEVEL=0;\n"
            f"ssl_certificate {self.certificates}/{name}.pem; ssl_certificate_key {self.certificates}/{name}.key; {include} }}\n"
            for port, version, name in (("tls12", "TLSv1.2", "good"), ("tls13", "TLSv1.3", "good"),
                                        ("tls11", "TLSv1.1", "good"), ("wrong", "TLSv1.3", "wrong")))
        return f"""daemon off; master_process off; pid nginx.pid; error_log error.log;
            events {{ worker_connections 512; }}
            http {{ access_log access.log; keepalive_requests 100000;
            client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;
            server {{ listen 127.0.0.1:{self.port["plain"]}; {include} }}
            server {{ listen 127.0.0.1:{self.port["limited"]}; keepalive_requests 5; {include} }}
            server {{ listen 127.0.0.1:{self.port["idle"]}; keepalive_timeout 100ms; {include} }}
            {secure} }}\n"""


class Apache(Server):
    ports = (*Server.ports, "tls11", "wrong")
    modules = ("mpm_event authz_core authz_host env setenvif headers alias rewrite deflate filter "
               "brotli cgi reflector ssl socache_shmcb").split()

    def start(self):
        self.write_pages()
        script = self.dir / "chunked.sh"
        script.write_text("#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello'\nsleep 0.02\nprintf ' world\\n'\n")
        script.chmod(0o755)
        (self.dir / "apache.conf").write_text(self.config())
        self.launch("apache2", "-X", "-f", self.dir / "apache.conf")

    def config(self):
        pages = self.dir / "pages"
        rules = "".join(f"RewriteRule ^/{form}{status}$ {to}{'/small' if status < 307 else '/echo'} [R={status},L]\n"
                        for form, to in (("r", "/."), ("a", "http://%{HTTP_HOST}"))
                        for status in (301, 302, 303, 307, 308))
        rules += "".join(f"RewriteRule ^/s?{status}$ - [R={status},L]\n" for status in (204, 404, 429, 500, 503))
        (self.dir / "site.conf").write_text(f"""
            DocumentRoot {pages}
            RewriteEngine on
            RewriteRule ^/loop$ /loop [R=302,L]
            {rules}
            Alias /304 {pages}/small
            ScriptAlias /chunked {self.dir}/chunked.sh
            ScriptAlias /until-close {self.dir}/chunked.sh
            SetEnvIf Request_URI ^/until-close$ nokeepalive downgrade-1.0 force-response-1.0
            SetEnvIf Request_URI ^/close$ nokeepalive
            <Location /text>
              ForceType text/plain
              SetEnvIf Accept-Encoding br wants_br
              FilterDeclare coding
              FilterProvider coding BROTLI_COMPRESS "reqenv('wants_br') == '1'"
              FilterProvider coding DEFLATE "req('Accept-Encoding') =~ /gzip/"
              FilterChain coding
            </Location>
            <Location /echo>
              SetHandler reflector
              SetInputFilter REFLECT
            </Location>\n""")
        hosts = "".join(
            f"Listen 127.0.0.1:{self.port[port]}\n<VirtualHost 127.0.0.1:{self.port[port]}>\n{more}\n"
            f"Include {self.dir}/site.conf\n</VirtualHost>\n"
            for port, more in (("plain", "MaxKeepAliveRequests 0"), ("limited", "MaxKeepAliveRequests 5"),
                               ("idle", "KeepAliveTimeout 100ms"), ("tls12", self.secure("TLSv1.2", "good")),
                               ("tls13", self.secure("TLSv1.3", "good")), ("tls11", self.secure("TLSv1.1", "good")),
                               ("wrong", self.secure("TLSv1.3", "wrong"))))
        load = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in self.modules)
        return (f"{load}ServerRoot {self.dir}\nServerName 127.0.0.1\nPidFile {self.dir}/pid\nErrorLog {self.dir}/error.log\n"
                f"DefaultRuntimeDir {self.dir}\nKeepAlive on\nKeepAliveTimeout 60\n"
                f"LogFormat \"%r\" line\nCustomLog {self.dir}/access.log line\n"
                f"<Directory {self.dir}>\nRequire all granted\n</Directory>\n{hosts}")

    def secure(self, version, name):
        return (f"SSLEngine on\nSSLProtocol -all +{version}\nSSLCipherSuite DEFAULT@SECLEVEL=0\n"
                f"SSLCertificateFile {self.certificates}/{name}.pem\nSSLCertificateKeyFile {self.certificates}/{name}.key")


class Haproxy(Server):
    """In front of an nginx. Of its own it has redirects, refusals, compression and what it says of servers that do not
    answer: /s502 from one that closes, /s503 from one that is not there, /s504 from one that is silent."""
    ports = ("plain", "closing", "idle", "tls12", "tls13", "tls11", "wrong")

    def start(self):
        self.behind = Nginx(self.dir)
        for name in ("good", "wrong"):
            for end in ("pem", "key"):
                shutil.copy(self.certificates / f"{name}.{end}", self.dir)
            both = (self.dir / f"{name}.pem").read_text() + (self.dir / f"{name}.key").read_text()
            (self.dir / f"{name}.both").write_text(both)
        self.behind.__enter__()
        self.silent = socket.create_server(("127.0.0.1", 0))  # accepts into its queue and says nothing
        (self.dir / "haproxy.cfg").write_text(self.config())
        self.launch("haproxy", "-db", "-f", self.dir / "haproxy.cfg")

    def __exit__(self, *_):
        super().__exit__()
        self.behind.__exit__()
        self.silent.close()

    def config(self):
        rules = "".join(
            f"  http-request redirect location {to}{'/small' if status < 307 else '/echo'} code {status} "
            f"if {{ path /{form}{status} }}\n"
            for form, to in (("r", ""), ("a", "http://%[req.hdr(host)]")) for status in (301, 302, 303, 307, 308))
        fronts = "".join(f"""
frontend {port}
  bind 127.0.0.1:{self.port[port]} {more}
  {extra}
  compression algo gzip
  compression type text/plain
  http-request deny deny_status 429 if {{ path /s429 }}
  http-request return status 204 if {{ path /204 }}
  http-request return status 500 if {{ path /s500 }}
{rules}  use_backend dead if {{ path /s503 }}
  use_backend silent if {{ path /s504 }}
  default_backend nginx
""" for port, more, extra in (
            ("plain", "", ""), ("closing", "", "option httpclose"), ("idle", "", "timeout http-keep-alive 100ms"),
            ("tls12", f"ssl crt {self.dir}/good.both ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2", ""),
            ("tls13", f"ssl crt {self.dir}/good.both ssl-min-ver TLSv1.3", ""),
            ("tls11", f"ssl crt {self.dir}/good.both ssl-min-ver TLSv1.1 ssl-max-ver TLSv1.1 ciphers DEFAULT@SECLEVEL=0", ""),
            ("wrong", f"ssl crt {self.dir}/wrong.both", "")))
        return f"""
global
  log stdout format raw local0
  maxconn 200
defaults
  mode http
  log global
  log-format "%HM %HU"
  timeout connect 2s
  timeout client 30s
  timeout server 30s
{fronts}
backend nginx
  server one 127.0.0.1:{self.behind.port["plain"]}
backend dead
  server none 127.0.0.1:1
  retries 0
backend silent
  timeout server 100ms
  server silent 127.0.0.1:{self.silent.getsockname()[1]}
"""

    def log(self):
        return re.findall(r"^[A-Z]+ /.*$", (self.dir / "output").read_text(), re.M)


class Node(Server):
    def start(self):
        (self.dir / "access.log").touch()
        good = self.certificates / "good"
        self.launch("node", HERE / "servers/app.js", self.dir / "access.log", f"{good}.pem", f"{good}.key",
                    *(self.port[name] for name in self.ports))


class Gunicorn(Server):
    ports = ("plain", "closing", "tls")

    def start(self):
        (self.dir / "access.log").touch()
        good = self.certificates / "good"
        common = ["--pythonpath", HERE / "servers", "--worker-tmp-dir", self.dir, "--access-logfile", self.dir / "access.log"]
        self.launch("gunicorn", *common, "-b", f"127.0.0.1:{self.port['plain']}", "-k", "gthread", "--threads", "4",
                    "--keep-alive", "1", "wsgi:app")
        self.launch("gunicorn", *common, "-b", f"127.0.0.1:{self.port['closing']}", "-k", "sync", "wsgi:app")
        self.launch("gunicorn", *common, "-b", f"127.0.0.1:{self.port['tls']}", "-k", "gthread", "--threads", "4",
                    "--keep-alive", "1", "--certfile", f"{good}.pem", "--keyfile", f"{good}.key", "wsgi:app")


class Uvicorn(Server):
    ports = ("plain", "tls")

    def start(self):
        good = self.certificates / "good"
        common = ["--app-dir", HERE / "servers", "--timeout-keep-alive", "1", "--log-level", "info", "asgi:app", "--port"]
        self.launch("uvicorn", *common, self.port["plain"])
        self.launch("uvicorn", *common, self.port["tls"], "--ssl-certfile", f"{good}.pem", "--ssl-keyfile", f"{good}.key")

    def log(self):
        return [line for line in (self.dir / "output").read_text().splitlines() if ' HTTP/1.1" ' in line]
