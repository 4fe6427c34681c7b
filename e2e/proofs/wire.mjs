// Nothing that the documents say is on a wire: every connection of the run is TLS records and nothing else.
import assert from 'node:assert/strict';

import { notTls } from '../wire.mjs';

export default async function prove(t, world) {
  const { capture, stack } = world;
  if (!capture) {
    assert.notEqual(process.getuid(), 0, 'root could not capture: without it nothing is proven');
    return t.skip('this user may not capture; run it as root or with the rights of dumpcap');
  }
  const canaries = ['Zylindrakowski', 'Quorvex', 'Wobbelsheim', stack.password].map((word) => Buffer.from(word));
  const control = await capture.sendInClear(`SELECT 'Zylindrakowski'\n`);
  await capture.stop();
  const hasCanary = ({ bytes }) => canaries.some((canary) => bytes.includes(canary));

  await t.test('the control: a word sent in clear is found, and is no TLS', async () => {
    const streams = await capture.streams(control);
    assert.ok(streams.some(hasCanary), 'the word that was sent in clear was not found: this proof proves nothing');
    assert.ok(streams.every((stream) => notTls(stream, false) !== null));
  });

  for (const [hop, port] of Object.entries(stack.ports)) {
    await t.test(`${hop}: TLS from the first byte to the last, no word of a document`, async () => {
      const streams = await capture.streams(port);
      const bytes = streams.reduce((sum, stream) => sum + stream.bytes.length, 0);
      t.diagnostic(`${hop}: ${streams.length / 2} connections, ${(bytes / 1e6).toFixed(2)} MB`);
      assert.ok(bytes > 5_000, `only ${bytes} bytes were captured: this proof proves nothing`);
      for (const stream of streams) {
        assert.equal(stream.hasGap, false, 'the capture lost a packet');
        assert.equal(notTls(stream, hop === 'postgres'), null);
        assert.equal(hasCanary(stream), false, `a word of a document was sent in clear to ${hop}`);
      }
    });
  }
}
