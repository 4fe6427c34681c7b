// A collector of OpenTelemetry: takes spans over mutual TLS, in OTLP's protobuf, and keeps them.
import { once } from 'node:events';
import { createServer } from 'node:https';

import protobuf from 'protobufjs';

// What we look at of opentelemetry/proto/collector/trace/v1/trace_service.proto and what it includes.
const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5; int32 kind = 6;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9; repeated Event events = 11;
  }
  message Event { string name = 2; repeated KeyValue attributes = 3; }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
`);
const Request = root.lookupType('Request');

/** @typedef {{ trace: string, id: string, parent: string, name: string, service: string, attributes: object, start: number, end: number }} Span */

export class Collector {
  /** A collector for a stack, at the port it sends to. */
  constructor(stack, { cert = stack.read('certs/monitoring.crt'), key = stack.read('certs/monitoring.key') } = {}) {
    /** @type {Span[]} */
    this.spans = [];
    this.bodies = [];
    this.port = stack.collector;
    const tls = { cert, key, ca: stack.read('certs/clients.pem'), requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.3' };
    this.server = createServer(tls, async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      this.#take(Buffer.concat(parts));
      response.writeHead(200, { 'Content-Type': 'application/x-protobuf' }).end();
    });
    this.refused = 0;
    this.server.on('tlsClientError', () => (this.refused += 1));
  }

  async listen() {
    this.server.listen(this.port, '127.0.0.1');
    await once(this.server, 'listening');
    return this;
  }

  close() {
    this.server.close();
    this.server.closeAllConnections();
  }

  /** Gives the spans of a trace, by its id in hex. */
  trace(id) {
    return this.spans.filter(({ trace }) => trace === id);
  }

  #take(body) {
    this.bodies.push(body);
    for (const { resource, scopeSpans } of Request.decode(body).resourceSpans) {
      const service = attributesOf(resource)['service.name'];
      for (const span of scopeSpans.flatMap(({ spans }) => spans)) {
        const [trace, id, parent] = [span.traceId, span.spanId, span.parentSpanId].map((bytes) => Buffer.from(bytes).toString('hex'));
        const [start, end] = [span.startTimeUnixNano, span.endTimeUnixNano].map((time) => Number(time) / 1e6);
        this.spans.push({ trace, id, parent, name: span.name, service, attributes: attributesOf(span), start, end });
      }
    }
  }
}

const attributesOf = ({ attributes }) =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue || String(value.intValue ?? value.boolValue ?? '')]));
