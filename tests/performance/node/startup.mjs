// What `require` and `import` add to a bare process, and how large the binary is.

import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { shown } from './support/measure.mjs';

const ROUNDS = 41;
const DIST = fileURLToPath(new URL('../../../dist/', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));

const WAYS = {
  'bare node': ['-e', '0'],
  'node with require': ['-e', 'require("easemob-presence")'],
  'bare node, module': ['--input-type=module', '-e', '0'],
  'node with import': ['--input-type=module', '-e', 'import "easemob-presence"'],
};

function milliseconds(args) {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: HERE, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - begin;
}

const found = Object.fromEntries(Object.keys(WAYS).map((way) => [way, []]));
for (let round = 0; round < ROUNDS; round += 1) {
  for (const [way, args] of Object.entries(WAYS)) found[way].push(milliseconds(args));
}
for (const [way, times] of Object.entries(found)) {
  console.log(JSON.stringify({ measure: 'start to end, ms', way, rounds: ROUNDS, ...shown(times) }));
}
for (const [with_, bare] of [['node with require', 'bare node'], ['node with import', 'bare node, module']]) {
  const added = found[with_].map((time, at) => time - found[bare][at]);
  console.log(JSON.stringify({ measure: `${with_}, added ms`, rounds: ROUNDS, ...shown(added) }));
}
for (const name of readdirSync(DIST).filter((file) => file.endsWith('.node'))) {
  console.log(JSON.stringify({ measure: 'binary, MB', name, megabytes: Number((statSync(DIST + name).size / 1e6).toFixed(2)) }));
}
