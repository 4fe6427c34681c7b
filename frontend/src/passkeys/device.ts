import type { Api } from '../api/client';
import { passkeys as say } from '../words/en/passkeys';

/** The browser's question was closed, or the device has no passkey for this server: nothing has to be said. */
export class NoPasskey extends Error {}

/** What a device is asked, as the server sends it. */
interface Asked<Options> {
  options: Options;
}

/** Asks the device for a passkey, and gives what it says: for a login, or as a proof of who is there. */
export async function showPasskey(api: Api): Promise<unknown> {
  const { options } = await api.call<Asked<PublicKeyCredentialRequestOptionsJSON>>('POST', '/session/passkey/begin');
  return ask(() => navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) }));
}

/** Has the device make a passkey, and gives what it says. */
export const makePasskey = ({ options }: Asked<PublicKeyCredentialCreationOptionsJSON>): Promise<unknown> =>
  ask(() => navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) }));

async function ask(question: () => Promise<Credential | null>): Promise<unknown> {
  let credential: Credential | null;
  try {
    credential = await question();
  } catch (error) {
    const name = error instanceof DOMException ? error.name : '';
    if (name === 'NotAllowedError' || name === 'AbortError') throw new NoPasskey();
    throw new RangeError(name === 'InvalidStateError' ? say.there : say.failed);
  }
  if (!(credential instanceof PublicKeyCredential)) throw new NoPasskey();
  return credential.toJSON();
}
