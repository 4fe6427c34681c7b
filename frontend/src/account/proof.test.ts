import { expect, test, vi } from 'vitest';

import { Api } from '../api/client';
import { Problem } from '../api/problem';
import { NotProved, Proof } from './proof.svelte';

/** A server that knows one password, and what it was sent. */
function aProof({ factor = null as { since: string } | null } = {}) {
  const api = new Api();
  const sent: string[] = [];
  const renewed = vi.fn();
  api.call = async <Answer>(method: string, path: string, body?: unknown): Promise<Answer> => {
    sent.push(`${method} ${path}`);
    if (path === '/account') return { second_factor: factor } as Answer;
    if (JSON.stringify(body).includes('wrong')) throw new Problem(403, 'wrong_password', 'type the password', null, null);
    return {} as Answer;
  };
  return { proof: new Proof(api, renewed), sent, renewed };
}

test('a proof that is always wanted is asked for, and a wrong one is not enough', async () => {
  const { proof, sent, renewed } = aProof();
  let isProved = false;
  const asking = proof.ask().then(() => (isProved = true));
  await vi.waitFor(() => expect(proof.asked).toBe('password'));
  await expect(proof.prove('wrong')).rejects.toThrow(Problem);
  expect([isProved, proof.asked, renewed.mock.calls.length]).toEqual([false, 'password', 0]);
  await proof.prove('right');
  await asking;
  expect([isProved, proof.asked, renewed.mock.calls.length]).toEqual([true, null, 1]);
  expect(sent).toEqual(['GET /account', 'POST /session/step-up', 'POST /session/step-up']);
});

test('whoever has an app is asked for its code, and may refuse', async () => {
  const { proof, sent } = aProof({ factor: { since: '2020-01-01T00:00:00Z' } });
  const asking = proof.ask();
  await vi.waitFor(() => expect(proof.asked).toBe('code'));
  proof.refuse();
  await expect(asking).rejects.toThrow(NotProved);
  expect([proof.asked, sent]).toEqual([null, ['GET /account']]);
});

test('what the server does without a fresh proof is not asked about', async () => {
  const { proof, sent } = aProof();
  await expect(proof.over(async () => 'done')).resolves.toBe('done');
  expect([proof.asked, sent]).toEqual([null, []]);
});
