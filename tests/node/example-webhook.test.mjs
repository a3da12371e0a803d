// The example of a server for callbacks, run by its framework and called over a socket.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Webhook } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { create } from '../../bindings-node/examples/webhook-express.mjs';

const SECRET = "the rule's secret";
const PROGRAM = fileURLToPath(new URL('../../bindings-node/examples/webhook-express.mjs', import.meta.url));

async function serving(t, accept) {
  const server = create(new Webhook(SECRET), accept).set('env', 'test').listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return (body) => post(server.address().port, body);
}

async function post(port, body) {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const answer = await fetch(`http://127.0.0.1:${port}/callbacks`, { method: 'POST', body, headers });
  await answer.arrayBuffer();
  return answer.status;
}

test('genuine callbacks arrive once and nothing else does', async (t) => {
  const emulator = emulatorFor(t);
  const accepted = [];
  const send = await serving(t, ({ userId, online }) => accepted.push([userId, online]));
  const login = emulator.callback('c2', 'ios_1', 'login', SECRET);
  assert.equal(await send(emulator.callback('c2', 'ios_1', 'login', 'a guess')), 401);
  assert.equal(await send('{}'), 400);
  assert.equal(await send(undefined), 400);
  assert.deepEqual([await send(login), await send(login)], [200, 200]);
  assert.equal(await send(emulator.callback('c2', 'ios_1', 'logout', SECRET)), 200);
  assert.deepEqual(accepted, [['c2', true], ['c2', false]]);
});

test('what could not be dealt with is accepted when it comes again', async (t) => {
  const body = emulatorFor(t).callback('c2', 'ios_1', 'login', SECRET);
  let accepted = 0;
  const send = await serving(t, async () => {
    accepted += 1;
    if (accepted === 1) throw new Error('the database is away');
  });
  assert.deepEqual([await send(body), await send(body), await send(body)], [500, 200, 200]);
  assert.equal(accepted, 2);
});

test('the program takes its secret from the environment and says who is online', async (t) => {
  const env = { ...process.env, EASEMOB_WEBHOOK_SECRET: SECRET, PORT: '0' };
  const program = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => program.kill());
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  const [, port] = /^listening on port (\d+)$/.exec((await lines.next()).value);
  assert.equal(await post(port, emulatorFor(t).callback('c2', 'ios_1', 'login', SECRET)), 200);
  assert.match((await lines.next()).value, /^\d\d:\d\d:\d\d c2 is online on ios_1 \(login\)$/);
});
