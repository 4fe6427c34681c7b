// `npm run mock`, then `npm run dev`: the front end without a server. Any login works, but the password "wrong" does not.
import { startMock } from './mock/server.js';

const { address, control } = await startMock();
for (const document of control.store.documents) {
  if (document.task.state === 'processing') control.store.run(document);
}
console.log(`mock API at ${address}`);
