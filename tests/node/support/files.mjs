// The language-neutral cases. A field that no runner knows, or a name used twice, is a failure.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TESTS = fileURLToPath(new URL('../../', import.meta.url));

export function caseFiles(directory, except = []) {
  const names = readdirSync(join(TESTS, directory)).filter((name) => name.endsWith('.json') && !except.includes(name));
  if (names.length === 0) throw new Error(`there is no case in tests/${directory}`);
  return names.sort();
}

export function cases(directory, file) {
  const list = JSON.parse(readFileSync(join(TESTS, directory, file), 'utf8'));
  if (!Array.isArray(list) || list.length === 0) throw new Error(`${directory}/${file} holds no case`);
  return list;
}

export function wireBytes(file) {
  return readFileSync(join(TESTS, 'vectors', 'wire', file));
}

/** Fails for keys other than those known: a misspelt field would test nothing. */
export function only(object, known, what) {
  for (const key of Object.keys(object)) {
    if (!known.includes(key)) throw new Error(`${what} has an unknown field ${JSON.stringify(key)}`);
  }
  return object;
}
