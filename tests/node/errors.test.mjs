// tests/vectors/errors.json and the classes here are the same table.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as presence from 'easemob-presence';

import { cases } from './support/files.mjs';

const table = cases('vectors', 'errors.json');

test('every kind of the table has its class, and there is no class beside them', () => {
  const classes = Object.keys(presence).filter((name) => name.endsWith('Error') && name !== 'PresenceError');
  assert.deepEqual(classes.sort(), table.map((row) => row.class).sort());
  for (const row of table) {
    const Class = presence[row.class];
    assert.equal(Object.getPrototypeOf(Class), presence.PresenceError, row.class);
    assert.equal(Class.prototype.name, row.class);
  }
});

test('no class takes the name of a global', () => {
  for (const row of table) assert.equal(globalThis[row.class], undefined, row.class);
});
