// Closing, and a logger of the program's own that fails.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ClosedError, PresenceClient } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

const hanging = { faults: [{ match: { operation: 'get' }, fault: { type: 'hang' } }] };

async function requests(emulator, number) {
  // The journal is in this process and tells no one: a turn of the loop is what there is to wait for.
  while (emulator.journal.count('get') < number) await new Promise((resolve) => setImmediate(resolve));
}

test('closing settles calls under way as closed, and says that they may have been carried out', async (t) => {
  const emulator = emulatorFor(t);
  emulator.faults.install(hanging);
  const client = emulator.client({ coalesce: false });
  const calls = Array.from({ length: 8 }, (_, at) => client.user('wzy').get(`c${at}`).catch((error) => error));
  await requests(emulator, 8);
  await client.close();
  for (const error of await Promise.all(calls)) {
    assert.ok(error instanceof ClosedError, String(error));
    assert.equal(error.sent, 'maybe');
  }
});

test('closing twice is fine, and what comes after it fails as closed with nothing sent', async (t) => {
  const emulator = emulatorFor(t);
  const client = emulator.client();
  await client.close();
  await client.close();
  const seen = emulator.journal.entries().length;
  await assert.rejects(client.user('wzy').get('c2'), (error) => error instanceof ClosedError && error.sent === 'no');
  assert.equal(emulator.journal.entries().length, seen);
});

test('a logger that throws changes no call', async (t) => {
  const emulator = emulatorFor(t);
  const asked = [];
  const fail = (...words) => {
    asked.push(words);
    throw new Error('the logger failed');
  };
  const client = new PresenceClient({ emulator: emulator.host, logger: { debug: fail, warn: fail } });
  assert.equal((await client.user('wzy').get('c2')).userId, 'c2');
  await assert.rejects(client.user('wzy').get('a/b'), { kind: 'invalid_input' });
  assert.equal(asked.length, 2);
  await client.close();
});
