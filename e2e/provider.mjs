// A provider of logins (OpenID Connect) with a certificate of its own, at another site than the stack: it logs in whoever comes.
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';

export const CLIENT = 'untxt';
export const SECRET = 'a secret of both';

export class Provider {
  constructor(folder) {
    this.folder = folder;
    this.codes = new Map();
    this.keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    /** What it says of whoever comes. */
    this.person = { sub: randomUUID() };
  }

  async listen() {
    this.#makeCertificates();
    const tls = { cert: readFileSync(join(this.folder, 'leaf.crt')), key: readFileSync(join(this.folder, 'leaf.key')), minVersion: 'TLSv1.3' };
    this.server = createServer(tls, (request, response) => void this.#answer(request, response)).listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    // Not "localhost": browsers take that for the site of the stack.
    this.issuer = `https://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }

  get root() {
    return join(this.folder, 'root.crt');
  }

  #makeCertificates() {
    const openssl = (...args) => execFileSync('openssl', args, { cwd: this.folder, stdio: 'ignore' });
    const key = (name) => ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${name}.key`];
    openssl('req', '-x509', ...key('root'), '-out', 'root.crt', '-days', '2', '-subj', '/CN=provider root');
    openssl('req', ...key('leaf'), '-out', 'leaf.csr', '-subj', '/CN=provider');
    writeFileSync(join(this.folder, 'leaf.cnf'), 'subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n');
    const by = ['-CA', 'root.crt', '-CAkey', 'root.key', '-CAcreateserial', '-extfile', 'leaf.cnf'];
    openssl('x509', '-req', '-in', 'leaf.csr', ...by, '-out', 'leaf.crt', '-days', '2');
  }

  async #answer(request, response) {
    const url = new URL(request.url, this.issuer);
    const json = (body, status = 200) => response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (url.pathname === '/.well-known/openid-configuration') return json(this.#description());
    if (url.pathname === '/keys') {
      return json({ keys: [{ ...this.keys.publicKey.export({ format: 'jwk' }), use: 'sig', kid: 'one' }] });
    }
    if (url.pathname === '/authorize') return this.#sendBack(url.searchParams, response);
    if (url.pathname !== '/token') return response.writeHead(404).end();
    const parts = [];
    for await (const part of request) parts.push(part);
    const form = new URLSearchParams(Buffer.concat(parts).toString());
    const asked = this.codes.get(form.get('code'));
    this.codes.delete(form.get('code'));
    const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
    const basic = `Basic ${Buffer.from(`${CLIENT}:${SECRET.replaceAll(' ', '+')}`).toString('base64')}`;
    const isGood = asked?.get('code_challenge') === challenge && request.headers.authorization === basic;
    if (!isGood) return json({ error: 'invalid_grant' }, 400);
    return json({ access_token: 'unused', token_type: 'Bearer', id_token: this.#token(asked.get('nonce')) });
  }

  #description() {
    const at = (path) => `${this.issuer}/${path}`;
    return {
      issuer: this.issuer,
      authorization_endpoint: at('authorize'),
      token_endpoint: at('token'),
      jwks_uri: at('keys'),
      response_types_supported: ['code'],
      response_modes_supported: ['query', 'fragment'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
    };
  }

  #sendBack(asked, response) {
    const code = randomUUID();
    this.codes.set(code, asked);
    const back = new URLSearchParams({ code, state: asked.get('state') });
    response.writeHead(303, { Location: `${asked.get('redirect_uri')}#${back}` }).end();
  }

  #token(nonce) {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: this.issuer, aud: CLIENT, iat: now, exp: now + 300, nonce, ...this.person };
    const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${encode({ alg: 'ES256', kid: 'one' })}.${encode(claims)}`;
    const signature = sign('sha256', Buffer.from(text), { key: this.keys.privateKey, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  }
}
