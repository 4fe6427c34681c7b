import { ALL, type Shelf } from '../documents/shelf';

/** The places one can be. */
export type Place =
  | { screen: 'documents'; shelf: Shelf }
  | { screen: 'document'; id: string; page: number }
  | { screen: 'search' }
  | { screen: 'trash' }
  | { screen: 'receipts' }
  | { screen: 'queue' }
  | { screen: 'holds' }
  | { screen: 'teams' }
  | { screen: 'team'; id: string }
  | { screen: 'account' }
  | { screen: 'invitation' }
  | { screen: 'reset' }
  | { screen: 'link' }
  | { screen: 'provider'; id: string }
  | { screen: 'nowhere' };

/** What is looked for never stands in an address. */
export const SEARCH_PATH = '/search';
export const TRASH_PATH = '/trash';
export const RECEIPTS_PATH = '/receipts';
export const ACCOUNT_PATH = '/account';
export const HOLDS_PATH = '/legal-holds';
export const TEAMS_PATH = '/teams';

/** Reads a place from a path. */
export function parsePath(path: string): Place {
  if (path === '/' || path === '/documents') return { screen: 'documents', shelf: ALL };
  if (path === SEARCH_PATH) return { screen: 'search' };
  if (path === ACCOUNT_PATH) return { screen: 'account' };
  if (path === '/invitation') return { screen: 'invitation' };
  if (path === '/password-reset') return { screen: 'reset' };
  if (path === '/l/') return { screen: 'link' };
  if (path === '/queue') return { screen: 'queue' };
  if (path === HOLDS_PATH) return { screen: 'holds' };
  if (path === TEAMS_PATH) return { screen: 'teams' };
  if (path === TRASH_PATH) return { screen: 'trash' };
  if (path === RECEIPTS_PATH) return { screen: 'receipts' };
  if (path === '/shared') return { screen: 'documents', shelf: { kind: 'shared', id: null } };
  const shelf = /^\/(folders|tags|shared)\/([\w-]+)$/.exec(path);
  if (shelf?.[2] !== undefined) return { screen: 'documents', shelf: shelfAt(shelf[1] ?? '', shelf[2]) };
  const team = /^\/teams\/([\w-]+)$/.exec(path);
  if (team?.[1] !== undefined) return { screen: 'team', id: team[1] };
  const provider = /^\/oidc\/([a-z0-9-]+)$/.exec(path);
  if (provider?.[1] !== undefined) return { screen: 'provider', id: provider[1] };
  const found = /^\/documents\/([\w-]+)(?:\/pages\/([1-9]\d{0,6}))?\/?$/.exec(path);
  if (found?.[1] === undefined) return { screen: 'nowhere' };
  return { screen: 'document', id: found[1], page: Number(found[2] ?? 1) };
}

function shelfAt(kind: string, id: string): Shelf {
  if (kind === 'tags') return { kind: 'tag', id };
  if (kind === 'shared') return { kind: 'shared', id };
  return { kind: 'folder', id: id === 'none' ? null : id };
}

/** Where the list of a shelf is. */
export function shelfPath(shelf: Shelf): string {
  if (shelf.kind === 'all') return '/';
  if (shelf.kind === 'shared') return shelf.id === null ? '/shared' : `/shared/${shelf.id}`;
  return shelf.kind === 'tag' ? `/tags/${shelf.id}` : `/folders/${shelf.id ?? 'none'}`;
}

export const teamPath = (id: string) => `${TEAMS_PATH}/${id}`;
export const documentPath = (id: string) => `/documents/${id}`;
export const pagePath = (id: string, page: number) => `/documents/${id}/pages/${page}`;

/** Keeps the address bar and the screen the same thing, with the browser's own history. */
export class Navigation {
  place: Place = $state.raw(parsePath(location.pathname));

  /** Follows the back button and plain clicks on links of our own. */
  start(): void {
    addEventListener('popstate', () => {
      this.place = parsePath(location.pathname);
    });
    document.addEventListener('click', (event) => this.#follow(event));
  }

  go(path: string, how: 'push' | 'replace' = 'push'): void {
    if (how === 'push') history.pushState(null, '', path);
    else history.replaceState(null, '', path);
    const before = this.place;
    this.place = parsePath(path);
    if (before.screen !== this.place.screen) scrollTo(0, 0);
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname.startsWith('/api/') || link.hash) return;
    event.preventDefault();
    this.go(link.pathname);
  }
}
