/** Dialogs that hardly anybody opens at once. They are fetched when one is opened, or before, when there is nothing else to do. */
export const fileDialog = () => import('./FileDialog.svelte');
export const folderDialog = () => import('../folders/FolderDialog.svelte');
export const shareDialog = () => import('../sharing/ShareDialog.svelte');
export const linksDialog = () => import('../links/LinksDialog.svelte');
export const shredDialog = () => import('../trash/ShredDialog.svelte');
export const tagDialog = () => import('../tags/TagDialog.svelte');
/** What can be done with the folder, or the tag, that is shown. */
export const folderActs = () => import('../folders/FolderActs.svelte');
export const tagActs = () => import('../tags/TagActs.svelte');

/** Fetches them all; whoever opens one later waits for nothing. */
export const fetchDialogs = () => Promise.all([fileDialog, folderDialog, folderActs, tagDialog, tagActs, shareDialog, linksDialog, shredDialog].map((load) => load()));
