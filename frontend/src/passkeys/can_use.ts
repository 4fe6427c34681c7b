/** Whether this browser knows passkeys, and their form on the wire. */
export const canUsePasskeys = (): boolean =>
  typeof globalThis.PublicKeyCredential?.parseRequestOptionsFromJSON === 'function' &&
  typeof globalThis.PublicKeyCredential.parseCreationOptionsFromJSON === 'function';
