/** Whether a key means "search": a slash, unless somebody types, answers a question, or uses a browser shortcut. */
export function isSearchKey(event: KeyboardEvent): boolean {
  // Shift is part of the slash on many keyboards.
  if (event.key !== '/' || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return false;
  const target = event.target as Element | null;
  return !target?.closest?.('input, textarea, select, dialog, [contenteditable]');
}

/** Moves the focus through links that belong together; leaves it upwards to `before`. True: the key was one for it. */
export function moveThrough(key: string, links: HTMLElement[], before: HTMLElement | null): boolean {
  const at = links.indexOf(document.activeElement as HTMLElement);
  if (key === 'ArrowDown') {
    links[Math.min(at + 1, links.length - 1)]?.focus();
    return links.length > 0;
  }
  if (key === 'ArrowUp' && at >= 0) {
    (at === 0 ? before : links[at - 1])?.focus();
    return true;
  }
  if (key === 'Escape' && at >= 0) {
    before?.focus();
    return true;
  }
  return false;
}
