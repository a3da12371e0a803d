// The scale run is a measurement; a small size of each part is run here, so that it cannot rot.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { emulatorFor } from 'easemob-presence/testing';

const PROGRAM = fileURLToPath(new URL('../performance/scale/scale.mjs', import.meta.url));
const run = promisify(execFile);

for (const part of ['gets', 'get_many', 'iter_many', 'watch']) {
  test(`a small scale run reads every user: ${part}`, async (t) => {
    const emulator = emulatorFor(t);
    const { stdout } = await run(process.execPath, [PROGRAM, part, emulator.host, '250']);
    assert.equal(JSON.parse(stdout).read, 250);
  });
}
