// Plans of faults: the same JSON as in Rust and Python, installed in the emulator of one's own tests.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Status } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

const plan = (fault, rule = {}) => ({ faults: [{ ...rule, fault }] });
const online = (client) => client.user('c1').set(Status.Online, { resource: 'ios_1' });

test('a rule that fires is in the journal behind its request', async (t) => {
  const emulator = emulatorFor(t);
  emulator.faults.install(plan({ type: 'quota' }, { name: 'spent', match: { operation: 'set', user: 'C1' } }));
  await assert.rejects(online(emulator.client()), { kind: 'quota_exceeded' });
  const [fault, ...others] = emulator.journal.faults();
  const request = emulator.journal.requests().at(-1);
  const { seq, connection } = request;
  const expected = { type: 'fault', seq: seq + 1, atMs: fault.atMs, rule: 0, name: 'spent', fault: 'quota', request: seq, connection, detail: '' };
  assert.deepEqual([fault, others], [expected, []]);
  assert.deepEqual(emulator.journal.since(seq), [expected]);
  assert.equal(request.status, 429);
});

test('JSON is taken as it is, and a plan ends', async (t) => {
  const emulator = emulatorFor(t);
  const quota = plan({ type: 'quota' }, { match: { operation: 'get' } });
  emulator.faults.install(JSON.stringify(quota));
  assert.deepEqual(emulator.faults.installed(), quota);
  const client = emulator.client();
  await assert.rejects(client.user('wzy').get('c2'), { kind: 'quota_exceeded' });
  emulator.faults.clear();
  assert.equal(emulator.faults.installed(), undefined);
  assert.equal((await client.user('wzy').get('c2')).userId, 'c2');
});

test('a connection is cut where the plan says', async (t) => {
  const emulator = emulatorFor(t);
  const client = emulator.client();
  await client.appToken();
  emulator.faults.install(plan({ type: 'reset', at: 'before' }, { match: { operation: 'set' } }));
  await assert.rejects(online(client));
  const sets = emulator.journal.requests().filter(({ operation }) => operation === 'set');
  assert.ok(sets.length > 0 && sets.every(({ status }) => status === undefined));
  assert.equal(emulator.state.snapshot().users.has('c1'), false);
});

test('an answer that was applied is a change without an acknowledgement', async (t) => {
  const emulator = emulatorFor(t);
  const client = emulator.client();
  await client.appToken();
  const answer = { type: 'answer', status: 501, text: '<html>', applied: true };
  emulator.faults.install(plan(answer, { match: { operation: 'set' } }));
  await assert.rejects(online(client), { status: 501 });
  assert.deepEqual([...emulator.state.snapshot().users.get('c1').devices], [['ios_1', '1']]);
});

test('a port that is closed refuses and opens again', async (t) => {
  const emulator = emulatorFor(t);
  const client = emulator.client();
  await client.appToken();
  emulator.stopListening();
  await assert.rejects(client.user('wzy').get('c2'), { kind: 'connect' });
  emulator.listen();
  assert.equal((await client.user('wzy').get('c2')).userId, 'c2');
});

test('a plan that is refused says where it is wrong', (t) => {
  const emulator = emulatorFor(t);
  for (const [wrong, told] of [
    [plan({ type: 'delay', ms: '1' }), /^faults\[0\]\.fault\.ms: /],
    [plan({ type: 'delay' }), /^faults\[0\]\.fault: missing field `ms`/],
    [plan({ type: 'quota' }, { probability: 2 }), /^faults\[0\]\.probability: /],
    ['{', /not JSON/],
  ]) {
    assert.throws(() => emulator.faults.install(wrong), ({ message }) => told.test(message));
  }
  assert.equal(emulator.faults.installed(), undefined);
});
