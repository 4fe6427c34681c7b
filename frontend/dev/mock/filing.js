// Invented folders, tags, trash and receipts.
import { randomUUID } from 'node:crypto';

const DAY_MS = 24 * 3_600_000;
const NO_RULE = { keep_days: null, delete_days: null };

export class Filing {
  folders = [];
  /** Of somebody else. */
  shared = [];
  shares = [];
  tags = [];
  receipts = [];
  #store;

  constructor(store) {
    this.#store = store;
  }

  list(query) {
    const inTrash = query.get('trash') === 'true';
    const [folder, tag] = [query.get('folder'), query.get('tag')];
    return this.#store.documents.filter(
      (document) =>
        (document.owner.name !== null) === query.has('shared') &&
        (document.trashed_at !== null) === inTrash &&
        (folder === null || document.folder === (folder === 'none' ? null : folder)) &&
        (tag === null || document.tags.includes(tag)),
    );
  }

  addFolder(name, { parent = null, colour = '#7b8087', retention = NO_RULE } = {}) {
    const folder = { id: randomUUID(), parent, name, colour, retention, created_at: new Date().toISOString() };
    this.folders.push(folder);
    return folder;
  }

  /** Somebody else shares a folder, and a document that lies in it. */
  share(owner, document, name) {
    const folder = { id: randomUUID(), parent: null, name, colour: '#a37c12', owner, right: 'manage', created_at: new Date().toISOString() };
    this.shared.push(folder);
    Object.assign(document, { owner, right: 'correct', folder: folder.id, tags: [] });
  }

  addTag(name, colour = '#7b8087') {
    const tag = { id: randomUUID(), name, colour, created_at: new Date().toISOString() };
    this.tags.push(tag);
    return tag;
  }

  trash(document, daysAgo = 0) {
    const at = Date.now() - daysAgo * DAY_MS;
    document.trashed_at = new Date(at).toISOString();
    document.shred_at = new Date(Math.max(at + 30 * DAY_MS, Date.parse(document.keep_until ?? 0))).toISOString();
  }

  /** Deletes for good; the receipt is signed two seconds later. */
  shred({ id }) {
    const at = new Date().toISOString();
    const receipt = { document: id, reason: 'person', requested_at: at, requested_by: '0192-mock', shredded_at: at, state: 'removing', receipt: null, signature: null, signing_key: null };
    this.receipts.unshift(receipt);
    this.#store.remove(id);
    const signed = Buffer.from(JSON.stringify({ document: id, objects: 7 })).toString('base64');
    setTimeout(() => Object.assign(receipt, { state: 'signed', receipt: signed, signature: 'AAAA', signing_key: 'mock' }), 2_000);
  }

  /** Gives what to answer; nothing: it is not for us. */
  answer(method, path, query, wish) {
    const [, noun, id, verb] = path.split('/');
    const document = noun === 'documents' ? this.#store.find(id) : undefined;
    if (noun === 'folders' && query.has('shared')) return ok({ folders: this.shared });
    if (noun === 'teams' && method === 'GET') return ok({ teams: [] });
    if (id !== undefined && verb === 'shares') return this.#answerShares(method, id, path.split('/')[4], wish);
    if (noun === 'folders') return this.#answerPlaces('folders', method, id, wish);
    if (noun === 'tags') return this.#answerPlaces('tags', method, id, wish);
    if (noun === 'receipts') {
      if (id === undefined) return ok({ receipts: this.receipts, next: null });
      return ok(this.receipts.find((receipt) => receipt.document === id));
    }
    if (noun === 'trash') return this.#empty();
    if (document && method === 'DELETE') {
      if (query.get('forever') === 'true') this.shred(document);
      else this.trash(document);
      return { status: 204 };
    }
    if (document && verb === 'restore') return ok(Object.assign(document, { trashed_at: null, shred_at: null }));
    return null;
  }

  #answerShares(method, of, id, wish) {
    const shares = this.shares.filter((share) => share.of === of);
    if (method === 'GET') return ok({ shares });
    if (method === 'DELETE') {
      this.shares = this.shares.filter((share) => share.id !== id);
      return { status: 204 };
    }
    const name = wish.login ?? wish.team;
    const share = { id: randomUUID(), of, with: { kind: wish.team ? 'team' : 'person', id: 'user-2', name }, paused_until: null, ends_at: null, ...wish };
    this.shares = [...this.shares.filter((each) => each.of !== of || each.with.name !== name), share];
    return { status: 201, value: share };
  }

  #empty() {
    const all = this.list(new URLSearchParams({ trash: 'true' }));
    const gone = all.filter(({ keep_until: until }) => until === null || Date.parse(until) < Date.now());
    for (const document of gone) this.shred(document);
    return ok({ shredded: gone.length, retained: all.length - gone.length });
  }

  #answerPlaces(noun, method, id, wish) {
    const list = this[noun];
    const place = list.find((each) => each.id === id);
    if (id !== undefined && !place) return { status: 404, code: `${noun.slice(0, -1)}_not_found`, detail: 'there is no such thing' };
    if (method === 'GET') return ok({ [noun]: list.map((each) => this.#count(noun, each)) });
    if (method === 'DELETE') {
      this[noun] = list.filter((each) => each !== place);
      for (const folder of this.folders) if (folder.parent === id) folder.parent = place.parent;
      for (const document of this.#store.documents) {
        if (document.folder === id) document.folder = place.parent;
        document.tags = document.tags.filter((tag) => tag !== id);
      }
      return { status: 204 };
    }
    const isTaken = (each) => each !== place && each.name.toLowerCase() === wish.name?.toLowerCase() && each.parent === (wish.parent ?? place?.parent);
    if (list.some(isTaken)) return { status: 409, code: 'name_taken', detail: 'there is one of this name already; choose another' };
    if (method === 'PATCH') return ok(this.#count(noun, Object.assign(place, wish)));
    const made = noun === 'tags' ? this.addTag(wish.name, wish.colour) : this.addFolder(wish.name, { ...wish, parent: wish.parent ?? null });
    return { status: 201, value: this.#count(noun, made) };
  }

  #count(noun, place) {
    const isIn = (document) => document.trashed_at === null && (noun === 'tags' ? document.tags.includes(place.id) : document.folder === place.id);
    return { ...place, documents: this.#store.documents.filter(isIn).length };
  }
}

const ok = (value) => ({ status: 200, value });

export function fillFiling(filing, store) {
  const find = (name) => store.documents.find((document) => document.name.startsWith(name));
  const patients = filing.addFolder('Patients', { colour: '#4a7fd0', retention: { keep_days: 3653, delete_days: 4018 } });
  const ward = filing.addFolder('Ward 7', { parent: patients.id, colour: '#3c8f61' });
  filing.addFolder('Referrals, answered and filed by the front desk', { parent: ward.id });
  filing.addFolder('Contracts', { colour: '#a37c12' });
  const urgent = filing.addTag('urgent', '#cf5148');
  const check = filing.addTag('to be checked by Dr. Okafor', '#8d66c6');
  Object.assign(find('Discharge'), { folder: ward.id, tags: [urgent.id, check.id], keep_until: new Date(Date.now() + 3_000 * DAY_MS).toISOString() });
  Object.assign(find('Lease'), { tags: [check.id] });
}
