// The contract of the HTTP API with invented documents: only for developing the front end and for its screenshots.
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

import { WebSocketServer } from 'ws';

import { Account } from './account.js';
import { pageContent, pageImage } from './content.js';
import { Filing, fillFiling } from './filing.js';
import { aQueue } from './queue.js';
import { find } from './search.js';
import { Store, failure, fill } from './store.js';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; font-src 'self'; " +
  "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const LIMITS = {
  max_file_bytes: 50 * 1024 * 1024,
  max_pages: 2000,
  allowed_types: ['application/pdf', 'image/jpeg', 'image/png', 'image/tiff', 'image/webp', 'image/bmp', 'image/gif'],
  languages: ['eng', 'deu'],
  installed_languages: ['eng', 'deu', 'fra'],
  trash_days: 30,
  sends_mail: true,
  providers: [],
  passkeys: true,
  sso_only: false,
};

/** Starts the mock; `control` lets a test break things. */
export async function startMock({ port = 5199, pageMs = 700, filled = true, sessionMs = 15 * 60_000 } = {}) {
  const store = new Store(pageMs);
  if (filled) fill(store);
  const filing = new Filing(store);
  if (filled) fillFiling(filing, store);
  const control = { store, filing, user: null, account: new Account(), mustEnrol: false, liveOff: false, queue: aQueue(), uploadFaults: 0, lockedSeconds: 0, pageFaults: 0, searchFaults: 0, searchMs: 0, questions: [], asked: [], wishes: [], keys: [], sockets: new Set() };
  const server = createServer((request, response) => {
    response.setHeader('Content-Security-Policy', POLICY);
    answer(request, response).catch((error) => problem(response, error.status ?? 500, error.code ?? 'internal', error.detail ?? String(error)));
  });

  async function answer(request, response) {
    const url = new URL(request.url, 'http://mock');
    if (!url.pathname.startsWith('/api/')) return serveFile(response, url.pathname);
    response.setHeader('Cache-Control', 'no-store');
    const path = url.pathname.slice('/api/v1'.length);
    const what = `${request.method} ${path}`;
    control.asked.push(what);
    if (what === 'POST /session') return logIn(request, response);
    if (what === 'POST /session/second-factor') return sendCode(request, response);
    if (what === 'POST /invitations/accept') {
      control.user = { id: '0193-mock', login: 'carol', role: 'user' };
      return json(response, 200, sessionAnswer());
    }
    if (what === 'GET /limits') return json(response, 200, LIMITS);
    if (what === 'POST /password-resets') return json(response, 202, { valid_minutes: 15 });
    if (what === 'POST /password-resets/confirm') {
      const { token } = await read(request);
      return token === 'used' ? problem(response, 404, 'link_not_good', 'it was used, or is too old: ask for a new one') : response.writeHead(204).end();
    }
    if (control.user === null) return problem(response, 401, 'not_logged_in', 'log in first');
    if (what === 'DELETE /session') {
      control.user = null;
      for (const socket of control.sockets) socket.close(4401);
      return response.writeHead(204).end();
    }
    const own = control.account.answer(request.method, path, /^(POST|PUT|DELETE)$/.test(request.method) && /^\/(account|tokens|session\/)/.test(path) ? await readIfAny(request) : null, sessionAnswer);
    if (own?.zip) return response.writeHead(200, { 'Content-Type': 'application/zip', 'Content-Disposition': 'attachment; filename="untxt.zip"' }).end(own.zip);
    if (own) return own.code ? problem(response, own.status, own.code, own.detail) : own.status === 204 ? response.writeHead(204).end() : json(response, own.status ?? 200, own.value);
    if (path.startsWith('/session')) return json(response, 200, sessionAnswer());
    if (what === 'POST /documents') return upload(request, response, url.searchParams);
    if (what === 'GET /documents') return json(response, 200, { documents: filing.list(url.searchParams), next: null });
    const filed = filing.answer(request.method, path, url.searchParams, /^(POST|PATCH)$/.test(request.method) && (/^\/(folders|tags)/.test(path) || path.endsWith('/shares')) ? await read(request) : null);
    if (filed) return filed.status === 204 ? response.writeHead(204).end() : filed.code ? problem(response, filed.status, filed.code, filed.detail) : json(response, filed.status, filed.value);
    if (what === 'POST /search') return search(request, response);
    if (path.startsWith('/admin/')) return answerAdmin(response, path);
    const events = /^\/tasks\/([^/]+)\/events$/.exec(path);
    if (events) {
      const document = store.findTask(events[1]);
      const after = Number(url.searchParams.get('after'));
      if (!document) return problem(response, 404, 'task_not_found', 'there is no such task');
      return json(response, 200, { events: document.hidden.events.filter((event) => event.seq > after) });
    }
    const stopped = /^\/tasks\/([^/]+)\/cancel$/.exec(path);
    if (stopped && request.method === 'POST') {
      const document = store.findTask(stopped[1]);
      if (!document) return problem(response, 404, 'task_not_found', 'there is no such task');
      store.stop(document);
      return json(response, 200, document.task);
    }
    return answerDocument(request, response, path, url.searchParams.get('task'));
  }

  function answerAdmin(response, path) {
    if (control.user.role !== 'admin') return problem(response, 403, 'not_allowed', 'ask an administrator of this server to do it');
    const { queue } = control;
    const [, , noun, id, verb] = path.split('/');
    if (noun === 'queue') return json(response, 200, queue);
    if (verb === 'cancel') {
      queue.tasks = queue.tasks.filter((task) => task.id !== id);
      queue.totals.open_tasks -= 1;
      queue.totals.waiting_tasks -= 1;
    } else {
      queue.dead_letters = queue.dead_letters.filter(({ task }) => task !== id);
      queue.totals.dead_letters = queue.dead_letters.length;
    }
    return json(response, 200, {});
  }

  async function answerDocument(request, response, path, task) {
    const document = store.find(path.split('/')[2]);
    const parts = path.split('/').slice(3);
    if (!document) return problem(response, 404, 'document_not_found', 'this document does not exist, or is not yours');
    if (request.method === 'PATCH') return json(response, 200, Object.assign(document, await read(request)));
    if (parts.length === 0) return json(response, 200, document);
    if (parts[0] === 'tasks' && request.method === 'POST') {
      const wish = JSON.parse(await body(request));
      control.wishes.push(wish);
      store.readAgain(document, wish.pages);
      return json(response, 202, document.task);
    }
    if (parts[0] === 'choices' && request.method === 'POST') {
      for (const choice of JSON.parse(await body(request)).pages) store.choose(document, choice);
      return json(response, 202, document.task);
    }
    if (parts[0] !== 'pages') {
      response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Disposition': `attachment; filename="${parts[0]}"` });
      return response.end('mock');
    }
    if (parts.length === 1) return json(response, 200, { pages: document.hidden.pages });
    const page = document.hidden.pages[Number(parts[1]) - 1];
    if (!page) return problem(response, 404, 'page_not_found', 'this document has no such page');
    if (page.state !== 'done') return problem(response, 409, 'page_not_ready', 'this page has not been read yet');
    if (parts[2] === 'image') return send(response, 'image/svg+xml', pageImage(page.page));
    if (control.pageFaults > 0) {
      control.pageFaults -= 1;
      return problem(response, 503, 'unavailable', 'the server is busy; try again in a moment');
    }
    const wanted = task ?? page.task;
    return json(response, 200, pageContent(page.page, wanted, wanted.startsWith('worse')));
  }

  async function search(request, response) {
    const question = JSON.parse(Buffer.from(await body(request), 'latin1').toString('utf8'));
    control.questions.push(question);
    // What was asked counts when it was asked, however late the answer comes.
    const waitMs = typeof control.searchMs === 'function' ? control.searchMs(question) : control.searchMs;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    if (control.searchFaults > 0) {
      control.searchFaults -= 1;
      return problem(response, 503, 'unavailable', 'the server is busy; try again in a moment');
    }
    const { answer, refusal } = find(store.documents, question);
    return answer === undefined ? problem(response, 422, 'unsearchable', refusal) : json(response, 200, answer);
  }

  async function logIn(request, response) {
    const { login, password } = JSON.parse(await body(request));
    if (control.lockedSeconds > 0) {
      response.setHeader('Retry-After', control.lockedSeconds);
      return problem(response, 429, 'too_many_attempts', 'wait before you try again');
    }
    if (password === 'wrong') return problem(response, 401, 'wrong_credentials', 'the login or the password is not right; check both and try again');
    if (control.account.factor !== null) return json(response, 202, { pending: login, expires_at: new Date(Date.now() + 300_000).toISOString() });
    control.user = { id: '0192-mock', login, role: 'admin' };
    return json(response, 200, sessionAnswer());
  }

  async function sendCode(request, response) {
    const { pending, code } = JSON.parse(await body(request));
    if (code === '000000') return problem(response, 403, 'wrong_code', 'type the code that the app shows now, once');
    control.user = { id: '0192-mock', login: pending, role: 'admin' };
    return json(response, 200, sessionAnswer());
  }

  async function readIfAny(request) {
    const text = String(await body(request));
    return text === '' ? null : JSON.parse(text);
  }

  const sessionAnswer = () => ({ user: control.user, expires_at: new Date(Date.now() + sessionMs).toISOString(), must_enrol: control.mustEnrol });

  async function upload(request, response, into) {
    const key = request.headers['idempotency-key'];
    control.keys.push(key);
    const bytes = await body(request);
    if (control.uploadFaults > 0) {
      control.uploadFaults -= 1;
      return request.socket.destroy();
    }
    if (store.byKey.has(key)) return json(response, 200, store.byKey.get(key));
    const name = Buffer.from(/filename="([^"]*)"/.exec(bytes)?.[1] ?? 'file', 'latin1').toString('utf8');
    if (name.endsWith('.docx')) {
      return problem(response, 415, 'unsupported_type', 'this is not a PDF or an image; save it as PDF and upload that');
    }
    const document = store.add(name, bytes.length, { pages: 9, low: [3], failed: name.includes('bad') ? [6] : [] });
    Object.assign(document, { folder: into.get('folder'), tags: into.get('tags')?.split(',') ?? [] });
    store.byKey.set(key, document);
    store.run(document);
    return json(response, 202, document);
  }

  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (control.liveOff || control.user === null || !request.url.startsWith('/api/v1/live')) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (client) => {
      control.sockets.add(client);
      client.send(JSON.stringify({ type: 'hello', user: control.user.id }));
      const stop = store.listen((event) => client.send(JSON.stringify(event)));
      client.on('close', () => {
        stop();
        control.sockets.delete(client);
      });
    });
  });

  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  const close = () => {
    for (const socket of control.sockets) socket.terminate();
    server.closeAllConnections();
    server.close();
  };
  return { control, address: `http://127.0.0.1:${server.address().port}`, close };
}

function serveFile(response, path) {
  const wanted = DIST + path;
  const file = path !== '/' && !path.includes('..') && existsSync(wanted) ? wanted : `${DIST}/index.html`;
  return send(response, TYPES[extname(file)] ?? 'application/octet-stream', readFileSync(file));
}

function send(response, type, content) {
  response.writeHead(200, { 'Content-Type': type });
  response.end(content);
}

function json(response, status, value) {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(value));
}

function problem(response, status, code, detail) {
  if (response.headersSent) return;
  response.writeHead(status, { 'Content-Type': 'application/problem+json' });
  response.end(JSON.stringify({ type: 'about:blank', title: code, status, code, detail, request_id: 'mock', failure: code === 'page_failed' ? failure('too_many_pixels') : undefined }));
}

const read = async (request) => JSON.parse(Buffer.from(await body(request), 'latin1').toString('utf8'));

async function body(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString('latin1');
}
