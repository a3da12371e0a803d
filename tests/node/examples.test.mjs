// The examples that users copy, run as programs.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { emulatorFor } from 'easemob-presence/testing';

const SECRET = "the rule's secret";

/** A program of the examples, and what it writes, line by line. */
function started(t, name, ids, emulator, variables = {}) {
  const path = fileURLToPath(new URL(`../../bindings-node/examples/${name}`, import.meta.url));
  const env = { ...process.env, EASEMOB_EMULATOR_HOST: emulator.host, ...variables };
  const program = spawn(process.execPath, [path, ...ids], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => program.kill('SIGKILL'));
  const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  return { program, line: async () => (await lines.next()).value };
}

test('a team is watched until Ctrl-C', async (t) => {
  const emulator = emulatorFor(t);
  emulator.state.login('c2', 'ios_1');
  const { program, line } = started(t, 'watch-team.mjs', ['wzy', 'c2', 'c3'], emulator);
  assert.deepEqual([await line(), await line()], ['c2 is here', '1 of 2 are here']);
  emulator.state.login('c3', 'ios_1');
  assert.equal(await line(), 'c3 came');
  program.kill('SIGINT');
  assert.deepEqual(await once(program, 'exit'), [0, null]);
});

test('a server for callbacks feeds a watcher', async (t) => {
  const emulator = emulatorFor(t);
  const { line } = started(t, 'webhook-watcher.mjs', ['wzy', 'c2', 'c3'], emulator, { EASEMOB_WEBHOOK_SECRET: SECRET, PORT: '0' });
  const begin = [await line(), await line()];
  const port = /listening on port (\d+)/.exec(begin.join())[1];
  assert.ok(begin.some((text) => text.startsWith('synced')), begin.join());
  const body = emulator.callback('c3', 'ios_1', 'login', SECRET);
  const headers = { connection: 'close' };
  const { status } = await fetch(`http://127.0.0.1:${port}/callbacks`, { method: 'POST', body, headers });
  assert.equal(status, 200);
  assert.equal(await line(), 'enter c3 callback');
});

test('everyone is counted once', async (t) => {
  const emulator = emulatorFor(t);
  emulator.configure({ rateLimit: { window: 'off' } });
  emulator.state.login('user2999', 'ios_1');
  const { program, line } = started(t, 'page-users.mjs', ['wzy', '3000'], emulator);
  const exit = once(program, 'exit');
  assert.equal(await line(), '{ online: 1, offline: 2999, missing: 0, failed: 0 }');
  assert.deepEqual(await exit, [0, null]);
});
