// The package as users get it: packed, installed into an empty folder, and run as its README prints it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { Emulator, vitestFixtures } from 'easemob-presence/testing';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const README = ['README.md', 'bindings-node/README.md', 'docs/faults.md'].map((path) => readFileSync(join(ROOT, path), 'utf8')).join('\n');

function run(command, args, options) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  assert.equal(status, 0, `${command} ${args.join(' ')}: ${stdout} ${stderr}`);
  return stdout;
}

/** The code blocks of the README that are marked so. */
function snippets(mark) {
  return [...README.matchAll(/^```js (\w+)\n([\s\S]*?)^```$/gm)].filter(([, kind]) => kind === mark).map(([, , code]) => code);
}

/** Runs a program in another process while this one, with the emulator in it, goes on. */
async function runBeside(args, options) {
  const { spawn } = await import('node:child_process');
  const { once } = await import('node:events');
  const child = spawn(process.execPath, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, output);
  return output;
}

describe('the packed package', () => {
  const folder = mkdtempSync(join(tmpdir(), 'easemob-presence-'));
  const emulator = new Emulator();
  const env = { ...process.env, EASEMOB_EMULATOR_HOST: emulator.host };

  before(() => {
    const packed = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT }));
    const { filename } = [packed].flat()[0] ?? Object.values(packed)[0];
    writeFileSync(join(folder, 'package.json'), '{"name":"empty","version":"1.0.0","private":true}');
    run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, filename)], { cwd: folder });
  });

  after(() => {
    emulator.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('brings no dependency and no install script', () => {
    const tree = JSON.parse(run('npm', ['ls', '--all', '--json'], { cwd: folder }));
    assert.deepEqual(Object.keys(tree.dependencies), ['easemob-presence']);
    assert.equal(tree.dependencies['easemob-presence'].dependencies, undefined);
    const { scripts, dependencies } = JSON.parse(readFileSync(join(folder, 'node_modules/easemob-presence/package.json'), 'utf8'));
    assert.equal(dependencies, undefined);
    for (const name of ['preinstall', 'install', 'postinstall', 'prepare']) assert.equal(scripts[name], undefined);
  });

  for (const [mark, suffix] of [['esm', 'mjs'], ['cjs', 'cjs']]) {
    for (const [at, code] of snippets(mark).entries()) {
      test(`README snippet ${at + 1} of ${mark} runs as printed`, async () => {
        const file = join(folder, `snippet${at}.${suffix}`);
        writeFileSync(file, code);
        const output = await runBeside([file], { cwd: folder, env });
        if (at === 0) assert.equal(output, 'c2 is online: true\nc3 is online: false\n');
      });
    }
  }

  test('import and require give the same classes', async () => {
    const code = `
      import { createRequire } from 'node:module';
      import * as imported from 'easemob-presence';
      const required = createRequire(import.meta.url)('easemob-presence');
      const names = Object.keys(required);
      console.log(names.length > 20 && names.every((name) => imported[name] === required[name]));`;
    assert.equal(await runBeside(['--input-type=module', '-e', code], { cwd: folder }), 'true\n');
  });

  test('a missing binary is told in one sentence with the platform and what to install', () => {
    const copy = join(folder, 'without');
    cpSync(join(folder, 'node_modules/easemob-presence'), copy, { recursive: true });
    for (const file of readdirSync(join(copy, 'dist')).filter((name) => name.endsWith('.node'))) rmSync(join(copy, 'dist', file));
    const { status, stderr } = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(copy)})`], { encoding: 'utf8' });
    assert.equal(status, 1);
    const [sentence] = /easemob-presence: there is no binary for .*/.exec(stderr);
    assert.ok(sentence.includes(`${process.platform} ${process.arch}`), sentence);
    assert.match(sentence, /install easemob-presence-\S+@\d+\.\d+\.\d+ /);
  });

  test('a broken binary says why it does not load', () => {
    const copy = join(folder, 'broken');
    cpSync(join(folder, 'node_modules/easemob-presence'), copy, { recursive: true });
    for (const file of readdirSync(join(copy, 'dist')).filter((name) => name.endsWith('.node'))) {
      writeFileSync(join(copy, 'dist', file), 'no binary');
    }
    const { stderr } = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(copy)})`], { encoding: 'utf8' });
    assert.match(stderr, /easemob-presence: the binary for \S+ \S+( \(\w+\))? does not load \(.+\); install /);
  });
});

test('the vitest fixture starts an emulator, hands it over and stops it', async () => {
  let given;
  await vitestFixtures.emulator({}, async (emulator) => {
    given = emulator;
    await emulator.client().user('wzy').get('c2');
  });
  assert.equal(given.journal.count('get'), 1);
  await assert.rejects(given.client().user('wzy').get('c2'), { kind: 'connect' });
  // vitest reads which fixtures one needs out of the function's own text.
  assert.match(String(vitestFixtures.emulator), /^async \(\{\s*\}/);
});
