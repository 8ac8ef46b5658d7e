// A small OTLP/HTTP collector: node receiver.js OUTPUT [REPLY...]
//
// Appends one JSON line per request to OUTPUT: path, headers and the decoded body. Answers the first
// requests as the REPLY arguments say, all others with 200: STATUS, STATUS:RETRY_AFTER_SECONDS, or
// rejected:N for 200 with N spans rejected.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const zlib = require('node:zlib');
const { opentelemetry } =
    require('@opentelemetry/otlp-transformer/build/src/generated/root.js');
const { ExportTraceServiceRequest, ExportTraceServiceResponse } =
    opentelemetry.proto.collector.trace.v1;
const { ExportMetricsServiceRequest } = opentelemetry.proto.collector.metrics.v1;
const { ExportLogsServiceRequest } = opentelemetry.proto.collector.logs.v1;

const [output, ...replies] = process.argv.slice(2);

const hex = (bytes) => Buffer.from(bytes).toString('hex');

function plain(attributes) {
  const out = {};
  for (const { key, value } of attributes) {
    if (key in out) throw new Error(`attribute ${key} comes twice`);
    const [kind, content] = Object.entries(value)[0];
    out[key] = { [kind]: content };
  }
  return out;
}

function readEvent({ name, timeUnixNano, attributes }) {
  const event = [name, timeUnixNano];
  return attributes && attributes.length > 0 ? [...event, plain(attributes)] : event;
}

function readSpan(span) {
  return {
    ...span,
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId || []),
    attributes: plain(span.attributes || []),
    events: (span.events || []).map(readEvent),
  };
}

function decode(body) {
  const message = ExportTraceServiceRequest.decode(body);
  const wrong = ExportTraceServiceRequest.verify(message);
  if (wrong) throw new Error(wrong);
  const request = ExportTraceServiceRequest.toObject(message, { longs: String });
  return request.resourceSpans.map((resourceSpans) => ({
    resource: plain(resourceSpans.resource.attributes),
    schemaUrl: resourceSpans.schemaUrl,
    scopes: resourceSpans.scopeSpans.map((scopeSpans) => ({
      scope: scopeSpans.scope,
      spans: scopeSpans.spans.map(readSpan),
    })),
  }));
}

// Metrics and logs as they are, but for ids in hex and attributes by their keys.
function readable(value, key) {
  if (Buffer.isBuffer(value) || value instanceof Uint8Array) return hex(value);
  if (key === 'attributes') return plain(value);
  if (Array.isArray(value)) return value.map((each) => readable(each));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, readable(each, name)]));
}

function decodeOther(type, body) {
  const message = type.decode(body);
  const wrong = type.verify(message);
  if (wrong) throw new Error(wrong);
  return readable(type.toObject(message, { longs: String }));
}

function answer(response) {
  const reply = replies.shift() || '200';
  const rejected = reply.startsWith('rejected:') ? Number(reply.slice(9)) : 0;
  const [status, after] = rejected > 0 ? ['200'] : reply.split(':');
  const content = rejected > 0 ?
    { partialSuccess: { rejectedSpans: rejected, errorMessage: 'over quota' } } : {};
  const headers = { 'Content-Type': 'application/x-protobuf' };
  if (after) headers['Retry-After'] = after;
  response.writeHead(Number(status), headers);
  response.end(ExportTraceServiceResponse.encode(content).finish());
}

const server = http.createServer((request, response) => {
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const line = { method: request.method, path: request.url, headers: request.headers };
    try {
      let body = Buffer.concat(chunks);
      if (request.headers['content-encoding'] === 'gzip') body = zlib.gunzipSync(body);
      if (request.url.endsWith('/v1/metrics')) {
        Object.assign(line, decodeOther(ExportMetricsServiceRequest, body));
      } else if (request.url.endsWith('/v1/logs')) {
        Object.assign(line, decodeOther(ExportLogsServiceRequest, body));
      } else {
        line.resourceSpans = decode(body);
      }
    } catch (error) {
      line.error = String(error);
    }
    fs.appendFileSync(output, JSON.stringify(line) + '\n');
    answer(response);
  });
});
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
