// What travelled over the loopback: captured with dumpcap, put back together, and judged.
import { spawn } from 'node:child_process';
import { createConnection, createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { sleep, until } from './processes.mjs';

const SSL_REQUEST = Buffer.from('0000000804d2162f', 'hex');

/** Captures everything on the loopback from now on; null where this user may not capture. */
export class Capture {
  static async start(folder) {
    const capture = new Capture();
    capture.file = join(folder, 'loopback.pcapng');
    let said = '';
    capture.process = spawn('tshark', ['-i', 'lo', '-f', 'tcp', '-B', '256', '-q', '-w', capture.file], { stdio: ['ignore', 'ignore', 'pipe'] });
    capture.process.stderr.on('data', (data) => (said += data));
    await until('the capture runs', 20, () => /Capturing on|Capture started/.test(said) || capture.process.exitCode !== null);
    if (capture.process.exitCode !== null) return null;
    await sleep(500);
    return capture;
  }

  /** Sends bytes in clear over a connection of our own; gives the port. What is found there proves that we can find. */
  async sendInClear(bytes) {
    const server = createServer((socket) => socket.end(bytes)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address();
    await once(createConnection(port, '127.0.0.1').resume(), 'close');
    server.close();
    return port;
  }

  async stop() {
    await sleep(1000);
    this.process.kill('SIGINT');
    await once(this.process, 'exit');
  }

  /** Gives both directions of every connection with this port: `{ port, fromServer, bytes, hasGap }`. */
  async streams(port) {
    const fields = ['tcp.stream', 'tcp.srcport', 'tcp.seq_raw', 'tcp.flags.syn', 'tcp.payload'];
    const tshark = spawn('tshark', ['-r', this.file, '-Y', `tcp.port == ${port}`, '-o', 'tcp.desegment_tcp_streams:FALSE',
      '--disable-protocol', 'tls', '-T', 'fields', ...fields.flatMap((field) => ['-e', field])], { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(tshark, 'close');
    const directions = new Map();
    for await (const line of createInterface({ input: tshark.stdout, crlfDelay: Infinity })) {
      const [stream, source, sequence, syn, payload] = line.split('\t');
      if (stream === '' || sequence === undefined) continue;
      const key = `${stream}/${source}`;
      if (!directions.has(key)) directions.set(key, { port, fromServer: Number(source) === port, segments: [] });
      const start = (Number(sequence) + (syn === '1' || syn === 'True' ? 1 : 0)) >>> 0;
      if (payload) directions.get(key).segments.push({ start, bytes: Buffer.from(payload, 'hex') });
    }
    const [code] = await ended;
    if (code !== 0) throw new Error(`tshark ended with ${code}`);
    return [...directions.values()].map(reassemble).filter(({ bytes }) => bytes.length > 0);
  }
}

function reassemble({ segments, ...direction }) {
  const parts = [];
  // The capture may write what two processors saw in another order than it travelled.
  const first = segments[0]?.start ?? 0;
  segments.sort((one, other) => ((one.start - first) | 0) - ((other.start - first) | 0));
  let next = segments[0]?.start ?? 0;
  let hasGap = false;
  for (const { start, bytes } of segments) {
    const ahead = (start - next) | 0;
    if (ahead > 0) hasGap = true;
    // Behind: a retransmission; only what is new of it counts.
    const fresh = ahead < 0 ? bytes.subarray(-ahead) : bytes;
    if (fresh.length === 0) continue;
    parts.push(fresh);
    next = (Math.max(ahead, 0) + next + fresh.length) >>> 0;
  }
  return { ...direction, hasGap, bytes: Buffer.concat(parts) };
}

/** Says what is wrong with a direction that should be TLS records from the first byte to the last; null: nothing. */
export function notTls({ bytes, fromServer }, startsWithSslRequest) {
  let at = 0;
  if (startsWithSslRequest && fromServer && bytes[0] === 0x53) at = 1;
  else if (startsWithSslRequest && !fromServer && bytes.subarray(0, 8).equals(SSL_REQUEST)) at = 8;
  else if (startsWithSslRequest) return 'it does not begin with a request for TLS';
  while (at + 5 <= bytes.length) {
    const [type, major, minor, length] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes.readUInt16BE(at + 3)];
    if (type < 20 || type > 24 || major !== 3 || minor > 4 || length > 16640) {
      return `byte ${at} of ${bytes.length} begins no TLS record: ${bytes.subarray(at, at + 16).toString('hex')}`;
    }
    at += 5 + length;
  }
  return null;
}
