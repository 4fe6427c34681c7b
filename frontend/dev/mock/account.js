// The account of whoever is logged in to the mock: any code but "000000" is right.
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();
const codes = () => [...'abcdefghij'].map((letter) => `k7q2-m4xa-${letter}bce-p3df`);

export class Account {
  factor = null;
  mail = null;
  tokens = [
    { id: 't1', name: 'Scanner in room 4', scopes: ['documents:write'], created_at: ago(90_000), expires_at: ago(-80_000), last_used_at: ago(12) },
    { id: 't2', name: 'Nightly export', scopes: ['documents:read', 'search'], created_at: ago(600_000), expires_at: ago(600), last_used_at: null },
  ];
  passkeys = [
    { id: 'p1', name: 'My phone', created_at: ago(70_000), last_used_at: ago(40) },
    { id: 'p2', name: 'Security key in the safe', created_at: ago(69_000), last_used_at: null },
  ];
  sessions = [
    { id: 's1', device: 'Firefox on Linux', created_at: ago(40), last_used_at: ago(0), is_current: true },
    { id: 's2', device: 'Safari on iOS', created_at: ago(200), last_used_at: ago(9), is_current: false },
    { id: 's3', device: null, created_at: ago(300), last_used_at: ago(30), is_current: false },
  ];
  /** The next thing that needs a proof asks for one. */
  isStale = false;

  /** Gives status and value, or a problem, or null for what is none of its. */
  answer(method, path, body, session) {
    const what = `${method} ${path}`;
    if (what === 'GET /account') {
      return { value: { ...session().user, mail: this.mail, second_factor: this.factor, needs_second_factor: session().must_enrol, passkeys: this.passkeys.length } };
    }
    if (what === 'GET /sessions') return { value: { sessions: this.sessions } };
    if (what === 'GET /account/passkeys') return { value: { passkeys: this.passkeys } };
    if (what === 'GET /account/identities') return { value: { identities: [] } };
    if (what === 'GET /account/usage') return { value: { pages: 312, pages_per_month: 1000, next_month: ago(-20_000), bytes: 734_003_200, max_bytes: null } };
    if (what === 'GET /emergency-access') return { value: { emergency_accesses: [], next: null } };
    if (what === 'GET /tokens') return { value: { tokens: this.tokens } };
    if (what === 'POST /session/step-up') return this.#stepUp(body, session);
    if (what === 'POST /account/password') {
      return body.old === 'wrong' ? no(403, 'wrong_password', 'type the password that you log in with') : { value: session() };
    }
    if (method === 'DELETE' && path.startsWith('/sessions/')) this.sessions = this.sessions.filter(({ id }) => !path.endsWith(id));
    else if (what === 'POST /sessions/end-others') this.sessions = this.sessions.filter(({ is_current: isCurrent }) => isCurrent);
    else if (method === 'DELETE' && path.startsWith('/account/passkeys/')) this.passkeys = this.passkeys.filter(({ id }) => !path.endsWith(id));
    else if (method === 'DELETE' && path.startsWith('/tokens/')) this.tokens = this.tokens.filter(({ id }) => !path.endsWith(id));
    else return this.#guarded(what, body, session);
    return { status: 204 };
  }

  #guarded(what, body, session) {
    const guarded = ['GET /account/export', 'PUT /account/mail', 'POST /tokens', 'POST /account/second-factor', 'POST /account/second-factor/confirm', 'DELETE /account/second-factor', 'POST /account/recovery-codes'];
    if (!guarded.includes(what)) return null;
    if (this.isStale) return no(403, 'step_up_required', 'send the password to POST /session/step-up, and try again');
    // An empty zip.
    if (what === 'GET /account/export') return { zip: Buffer.from(`504b0506${'00'.repeat(18)}`, 'hex') };
    if (what === 'PUT /account/mail') {
      this.mail = body.mail;
      return { status: 204 };
    }
    if (what === 'POST /account/second-factor') {
      return { value: { secret: SECRET, address: `otpauth://totp/UNTXT:ada?secret=${SECRET}&issuer=UNTXT&algorithm=SHA1&digits=6&period=30` } };
    }
    if (body?.code === '000000') return no(403, 'wrong_code', 'type the code that the app shows now, once; or a recovery code that was not used');
    if (what === 'DELETE /account/second-factor') {
      this.factor = null;
      return { status: 204 };
    }
    if (what === 'POST /tokens') {
      const token = { id: `t${this.tokens.length + 3}`, name: body.name, scopes: body.scopes, created_at: ago(0), expires_at: ago(-1440 * body.expires_in_days), last_used_at: null };
      this.tokens = [token, ...this.tokens];
      return { status: 201, value: { ...token, secret: `untxt_${'0123456789abcdef'.repeat(4)}0a1b2c3d` } };
    }
    this.factor = { since: ago(0), recovery_codes: 10 };
    return { value: { ...session(), must_enrol: false, recovery_codes: codes() } };
  }

  #stepUp(body, session) {
    if (body.password === 'wrong' || body.code === '000000') return no(403, 'wrong_password', 'type the password that you log in with');
    this.isStale = false;
    return { value: session() };
  }
}

const no = (status, code, detail) => ({ status, code, detail });
