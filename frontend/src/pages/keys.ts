export type Turn = 'next' | 'previous' | 'next_doubt' | 'previous_doubt' | 'next_hit' | 'previous_hit';

const KEYS: Record<string, Turn> = {
  j: 'next',
  ArrowRight: 'next',
  k: 'previous',
  ArrowLeft: 'previous',
  n: 'next_doubt',
  N: 'previous_doubt',
  h: 'next_hit',
  H: 'previous_hit',
};

/** What a key means on the page screen; nothing while somebody types, selects, or uses a browser shortcut. */
export function turnOf(event: KeyboardEvent): Turn | null {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return null;
  if (event.shiftKey && !/^[NH]$/.test(event.key)) return null;
  const target = event.target as Element | null;
  if (target?.closest?.('input, textarea, select, dialog, [contenteditable]')) return null;
  return KEYS[event.key] ?? null;
}
