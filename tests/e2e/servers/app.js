// node:http and node:https for test_real_servers.py. Arguments: a log, a certificate, its key, then ports: plain,
// at most 5 requests a connection, idle connections closed after 100 ms, TLS 1.2, TLS 1.3.
const fs = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const zlib = require("node:zlib");

const [log, cert, key, plain, limited, idle, tls12, tls13] = process.argv.slice(2);
const BIG = Buffer.alloc(1048576, "b");
const TEXT = Buffer.from("so it goes, ".repeat(2000));

function chunks(res, ...parts) {
  for (const part of parts) res.write(part);
  res.end();
}

function untilClose(res) {
  res.useChunkedEncodingByDefault = false;
  res.removeHeader("transfer-encoding");
  res.shouldKeepAlive = false;
  res.end("until the end");
}

function coded(req, res) {
  const wants = req.headers["accept-encoding"] ?? "";
  if (wants.includes("br")) return send(res, 200, zlib.brotliCompressSync(TEXT), { "Content-Encoding": "br" });
  if (wants.includes("gzip")) return send(res, 200, zlib.gzipSync(TEXT), { "Content-Encoding": "gzip" });
  if (wants.includes("deflate")) return send(res, 200, zlib.deflateSync(TEXT), { "Content-Encoding": "deflate" });
  return send(res, 200, TEXT);
}

function send(res, status, body, headers = {}) {
  res.writeHead(status, { "Content-Length": Buffer.byteLength(body), ...headers });
  res.end(body);
}

function echo(req, res) {
  const parts = [];
  req.on("data", (part) => parts.push(part)).on("end", () => send(res, 200, Buffer.concat(parts)));
}

function redirect(req, res, url) {
  const [, form, status] = url.match(/^\/([ra])(30[1-8])$/);
  const target = status < 307 ? "/small" : "/echo";
  send(res, Number(status), "", { Location: form === "a" ? `http://${req.headers.host}${target}` : `.${target}` });
}

const pages = {
  "/empty": (req, res) => send(res, 200, ""),
  "/small": (req, res) => send(res, 200, "hello\n"),
  "/big": (req, res) => send(res, 200, BIG),
  "/chunked": (req, res) => chunks(res, "hello", " ", "world\n"),
  "/trailer": (req, res) => {
    res.writeHead(200, { Trailer: "X-Sum" });
    res.write("hello\n");
    res.addTrailers({ "X-Sum": "1" });
    res.end();
  },
  "/until-close": (req, res) => untilClose(res),
  "/204": (req, res) => res.writeHead(204).end(),
  "/304": (req, res) => res.writeHead(304, { ETag: '"x"' }).end(),
  "/text": coded,
  "/echo": echo,
  "/loop": (req, res) => send(res, 302, "", { Location: "/loop" }),
  "/close": (req, res) => send(res, 200, "hello\n", { Connection: "close" }),
  "/early": (req, res) => {
    res.writeProcessing();
    res.writeEarlyHints({ link: "</style.css>; rel=preload" });
    send(res, 200, "hello\n");
  },
  "/none": (req, res) => req.socket.destroy(),
  "/half": (req, res) => {
    res.writeHead(200, { "Content-Length": 1000 });
    res.write("half", () => req.socket.destroy());
  },
};

function serve(req, res) {
  fs.appendFileSync(log, `${req.method} ${req.url}\n`);
  if (/^\/[ra]30/.test(req.url)) redirect(req, res, req.url);
  else if (/^\/s\d/.test(req.url)) send(res, Number(req.url.slice(2)), "no");
  else if (pages[req.url]) pages[req.url](req, res);
  else send(res, 404, "no such thing");
}

const pair = { cert: fs.readFileSync(cert), key: fs.readFileSync(key) };
const secure = (version) => ({ ...pair, minVersion: version, maxVersion: version });
const few = http.createServer(serve);
few.maxRequestsPerSocket = 5;
const servers = [
  [http.createServer(serve), plain],
  [few, limited],
  [http.createServer({ keepAliveTimeout: 100 }, serve), idle], // node adds a second
  [https.createServer(secure("TLSv1.2"), serve), tls12],
  [https.createServer(secure("TLSv1.3"), serve), tls13],
];
for (const [server, port] of servers) server.listen(Number(port), "127.0.0.1");
