// Every inner hop: TLS 1.3 with both sides shown, and nothing less is answered.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createConnection } from 'node:net';
import tls from 'node:tls';

export default async function prove(t, { stack }) {
  const { ports } = stack;

  await t.test('pg_stat_ssl: TLS 1.3 and a client certificate for every connection, LISTEN included', () => {
    const rows = stack.sql(
      `select a.application_name, a.usename, coalesce(s.ssl, false), coalesce(s.version, ''), coalesce(s.client_dn, '')
       from pg_stat_activity a left join pg_stat_ssl s using (pid)
       where a.backend_type = 'client backend' and a.client_addr is not null`,
    );
    const isListening = stack.sql(`select count(*) from pg_stat_activity where application_name like '%listener' or query ilike 'listen%'`);
    t.diagnostic(`${rows.length} connections; ${[...new Set(rows.map(([name, , , version, dn]) => `${name} ${version} ${dn}`))].join('; ')}`);
    for (const [name, user, ssl, version, dn] of rows) {
      assert.deepEqual([ssl, version], ['t', 'TLSv1.3'], name);
      assert.match(dn, new RegExp(`CN=${user}$`), name);
    }
    const users = new Set(rows.map(([, user]) => user));
    assert.ok(users.has('untxt_backend') && users.has('untxt_worker'), [...users].join());
    assert.ok(Number(isListening[0][0]) >= 1, 'no connection listens');
  });

  await t.test('Postgres refuses plaintext, no certificate, a certificate of another role, TLS 1.2', async () => {
    const password = stack.read('secrets/postgres-backend').toString().trim();
    const psql = (options) => {
      const connection = `host=localhost hostaddr=127.0.0.1 port=${ports.postgres} dbname=untxt user=untxt_backend sslrootcert=${stack.path('certs/root.crt')} ${options}`;
      const result = spawnSync('psql', [connection, '-XAtc', 'select 1'], { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: '/nonexistent', PGPASSWORD: password } });
      return result.status === 0 ? result.stdout.trim() : result.stderr;
    };
    const own = certificate(stack, 'backend');
    assert.equal(psql(`sslmode=verify-full ${own}`), '1', 'the control: the right certificate is taken');
    assert.match(psql('sslmode=disable'), /no encryption|pg_hba/);
    assert.match(psql('sslmode=verify-full sslcert=/nonexistent/x sslkey=/nonexistent/x'), /valid client certificate/);
    assert.match(psql(`sslmode=verify-full ${certificate(stack, 'worker')}`), /authentication failed/);
    assert.match(psql(`sslmode=verify-full ${certificate(stack, 'redis-backend')}`), /unknown ca|alert/i);
    assert.match(psql(`sslmode=verify-full ssl_max_protocol_version=TLSv1.2 ssl_min_protocol_version=TLSv1.2 ${own}`), /protocol version/);
  });

  await t.test('Redis refuses plaintext, no certificate, a certificate of another hop, TLS 1.2', async () => {
    const ask = (options) => overTls(stack, ports.redis, 'PING\r\n', options);
    assert.match(await ask({ client: 'redis-backend' }), /NOAUTH/, 'the control: the right certificate is asked for a password');
    assert.equal(await inClear(ports.redis, 'PING\r\n'), '');
    for (const options of [{}, { client: 'backend' }, { client: 'redis-backend', maxVersion: 'TLSv1.2' }, { client: 'redis' }]) {
      assert.match(await ask(options), /^(|failed: [^]*)$/, JSON.stringify(options));
    }
  });

  await t.test('the store refuses plaintext, no certificate, a certificate of another hop, TLS 1.2, and whoever has no key', async () => {
    const request = 'GET /untxt?list-type=2 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    const ask = (options) => overTls(stack, ports.store, request, options);
    assert.match(await ask({ client: 'backend' }), /^HTTP\/1.1 403/, 'the control: the right certificate is answered, but without a key refused');
    assert.doesNotMatch(await inClear(ports.store, request), /HTTP\/1.1 [23]/);
    for (const options of [{}, { client: 'redis-backend' }, { client: 'backend', maxVersion: 'TLSv1.2' }, { client: 'storage' }]) {
      assert.match(await ask(options), /^(|failed: [^]*)$/, JSON.stringify(options));
    }
  });

  await t.test('the HTTPS port speaks TLS 1.3 only', async () => {
    const request = 'GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
    assert.match(await overTls(stack, ports.https, request, {}), /^HTTP\/1.1 200/, 'the control');
    assert.match(await overTls(stack, ports.https, request, { maxVersion: 'TLSv1.2' }), /^failed: .*(protocol|alert)/i);
    assert.doesNotMatch(await inClear(ports.https, request), /HTTP\/1.1 [23]/);
  });
}

const certificate = (stack, name) => `sslcert=${stack.path(`certs/${name}.crt`)} sslkey=${stack.path(`certs/${name}.key`)}`;

/** Sends a message over TLS with the server verified; gives the answer, or why there is none. */
function overTls(stack, port, message, { client, maxVersion }) {
  const pem = client === undefined ? {} : { cert: stack.read(`certs/${client}.crt`), key: stack.read(`certs/${client}.key`) };
  const versions = maxVersion === undefined ? {} : { maxVersion, minVersion: maxVersion };
  const options = { port, host: '127.0.0.1', servername: 'localhost', ca: stack.read('certs/root.crt'), ...versions, ...pem };
  return answerOf(tls.connect(options), 'secureConnect', message);
}

const inClear = (port, message) => answerOf(createConnection(port, '127.0.0.1'), 'connect', message).then((text) => text.replace(/^failed:.*/, ''));

function answerOf(socket, ready, message) {
  return new Promise((resolve) => {
    let text = '';
    const finish = (why) => {
      socket.destroy();
      resolve(text === '' && why ? `failed: ${why}` : text);
    };
    socket.setTimeout(3000, () => finish(text === '' ? 'no answer' : ''));
    socket.on(ready, () => socket.write(message));
    socket.on('data', (data) => {
      text += data.toString('latin1');
      if (!message.includes('HTTP')) finish();
    });
    socket.on('error', (error) => finish(error.message));
    socket.on('close', () => finish('closed'));
  });
}
