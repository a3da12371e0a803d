// The values that calls give: immutable, safe with any key, readable.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';

import { PresenceClient, Presences, Status } from 'easemob-presence';
import { emulatorFor } from 'easemob-presence/testing';

import { http, serve } from './support/canned.mjs';

const NASTY = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];

async function answered(t, result) {
  const body = Buffer.from(JSON.stringify({ result }));
  const server = await serve(() => http(200, {}, body));
  t.after(() => server.stop());
  return new PresenceClient({ host: server.url, appKey: 'org#app', appToken: 'token' }).user('wzy');
}

const C2 = { uid: 'c2', last_time: '1644466063', ext: '外出 😀', status: { android_1: '1', web: 100 } };

describe('Presences', () => {
  test('it is a map in the order asked, found in any letter case', async (t) => {
    const user = await answered(t, [C2, { uid: 'A', ext: 'first' }, { uid: 'stranger' }]);
    const presences = await user.getMany(['a', 'C2', 'gone']);
    assert.ok(presences instanceof Presences);
    assert.equal(presences.size, 2);
    assert.deepEqual([...presences.keys()], ['a', 'C2']);
    assert.deepEqual([...presences].map(([id, { ext }]) => [id, ext]), [['a', 'first'], ['C2', '外出 😀']]);
    assert.equal(presences.get('c2'), presences.get('C2'), 'one user is one object');
    assert.equal(presences.get('gone'), undefined);
    assert.deepEqual([presences.has('A'), presences.has('stranger'), presences.has(7)], [true, false, false]);
    assert.deepEqual(presences.missing, ['gone']);
    assert.deepEqual(presences.unmatched.map(({ userId }) => userId), ['stranger']);
    const each = [];
    presences.forEach((one, id, all) => each.push(one.userId === id && all === presences));
    assert.deepEqual(each, [true, true]);
  });

  test('many look-ups find what few do, in every spelling', async (t) => {
    const ids = Array.from({ length: 40 }, (_, at) => `user${at}`);
    const presences = await (await answered(t, ids.map((uid) => ({ uid, ext: uid })))).getMany(ids);
    for (let round = 0; round < 3; round += 1) {
      for (const id of ids) assert.deepEqual([presences.get(id).ext, presences.get(id.toUpperCase()).ext], [id, id]);
      assert.deepEqual([presences.get('user'), presences.get('user400'), presences.get('')], [undefined, undefined, undefined]);
    }
  });

  test('every field of a presence', async (t) => {
    const c2 = await (await answered(t, [{ ...C2, expiry: '1644469663' }])).get('c2');
    assert.deepEqual(c2.devices, [
      { resource: 'android_1', platform: 'android', status: Status.Online },
      { resource: 'web', platform: 'web', status: Status.custom(100) },
    ]);
    assert.deepEqual([c2.lastSeen, c2.expiresAt], [new Date(1644466063_000), new Date(1644469663_000)]);
    assert.equal(c2.devices, c2.devices);
  });

  test('what is absent is undefined, never null', async (t) => {
    const c2 = await (await answered(t, [{ uid: 'c2' }])).get('c2');
    assert.deepEqual([c2.lastSeen, c2.expiresAt, c2.ext, c2.devices, c2.isOnline], [undefined, undefined, '', [], false]);
    assert.deepEqual(Object.keys(c2.toJSON()), ['userId', 'isOnline', 'devices', 'ext']);
  });

  test('keys such as __proto__ are ordinary, and nothing is polluted', async (t) => {
    const status = JSON.parse(`{${NASTY.map((key) => `${JSON.stringify(key)}:1`).join(',')}}`);
    const user = await answered(t, NASTY.map((uid) => ({ uid, ext: uid, status })));
    const presences = await user.getMany(NASTY);
    for (const id of NASTY) {
      assert.equal(presences.get(id).ext, id);
      assert.deepEqual(presences.get(id).devices.map(({ resource }) => resource), NASTY);
    }
    assert.equal(presences.get('valueOf'), undefined);
    assert.equal({}.polluted ?? {}.status, undefined);
    assert.deepEqual(JSON.parse(JSON.stringify(presences)).presences.length, NASTY.length);
  });

  test('nothing of it can be changed', async (t) => {
    const presences = await (await answered(t, [C2])).getMany(['c2', 'gone']);
    const c2 = presences.get('c2');
    for (const change of [
      () => { c2.ext = 'x'; },
      () => { c2.devices.push('x'); },
      () => { c2.devices[0].status = 'x'; },
      () => { presences.size = 7; },
      () => { presences.missing.push('x'); },
      () => { Status.Online.number = 7; },
    ]) {
      assert.throws(change, TypeError);
    }
    assert.equal(typeof presences.set, 'undefined');
  });

  test('comparing by content sees differences', async (t) => {
    const one = await (await answered(t, [C2])).get('c2');
    const same = await (await answered(t, [{ ...C2, uid: 'C2' }])).get('C2');
    const other = await (await answered(t, [{ ...C2, ext: 'x' }])).get('c2');
    assert.ok(one.equals(same) && !one.equals(other));
    assert.notDeepEqual(one, other);
    assert.deepEqual(one, await (await answered(t, [C2])).get('c2'));
  });

  test('a user looked up alone says what the whole answer says, before it is read and after', async (t) => {
    const ids = ['A', 'b', 'c', 'd', 'e'];
    const items = [
      { ...C2, uid: 'a', expiry: '1644469663' },
      { uid: 'stranger', status: { web: 1 } },
      { uid: 'b', ext: 'plain', status: { 'größe_😀': 4294967295, ios_1: -1 } },
      { uid: 'c', last_time: '1644466063250' },
      { uid: 'e', status: { a_1: 0, b_2: 0, c_3: 7 } },
    ];
    const user = await answered(t, items);
    const [read, unread] = [await user.getMany(ids), await user.getMany(ids)];
    const all = [...read.values()];
    const alone = ['a', 'B', 'c', 'e'].map((id) => unread.get(id));
    assert.deepEqual(alone.map((one) => one.toJSON()), all.map((one) => one.toJSON()));
    assert.deepEqual([unread.get('stranger'), unread.get('d'), unread.get('')], [undefined, undefined, undefined]);
    assert.deepEqual(alone, all, 'nor does it matter to whoever compares');
    assert.deepEqual([unread.missing, unread.unmatched.map(({ userId }) => userId)], [['d'], ['stranger']]);
    assert.deepEqual([...unread.values()].map((one, at) => one === alone[at]), [true, true, true, true], 'one user is one object');
    assert.deepEqual(unread, read);
    const other = await (await answered(t, [...items.slice(0, 4), { uid: 'e' }])).getMany(ids);
    assert.notDeepEqual(other, read);
  });

  test('it prints itself readably', async (t) => {
    const presences = await (await answered(t, [C2])).getMany(['c2', 'gone']);
    const printed = inspect(presences, { breakLength: Infinity, depth: 4 });
    assert.match(printed, /^Presences\(1\) \[ Presence { userId: 'c2', isOnline: true, devices: \[/);
    assert.match(printed, /status: Status custom\(100\)/);
    assert.match(printed, /{ missing: \[ 'gone' \] }$/);
    assert.equal(inspect({ a: { b: { c: presences } } }), '{ a: { b: { c: [Presences(1)] } } }');
  });

  test('a hundred users with every kind of text', async (t) => {
    const ids = Array.from({ length: 100 }, (_, at) => `user${at}`);
    const items = ids.map((uid, at) => ({ uid, ext: 'é😀\n"'.repeat(at % 5), status: { [`ios_${at}`]: String(at) } }));
    const presences = await (await answered(t, items)).getMany(ids);
    [...presences.values()].forEach((one, at) => {
      assert.equal(one.ext, 'é😀\n"'.repeat(at % 5));
      assert.deepEqual(one.devices, [{ resource: `ios_${at}`, platform: 'ios', status: Status.custom(at) }]);
    });
  });
});

describe('Status', () => {
  test('there is one object for each number', () => {
    assert.equal(Status.custom(1), Status.Online);
    assert.equal(Status.custom(100), Status.custom(100));
    assert.deepEqual([Status.custom(7), Status.Unknown].map(String), ['custom(7)', 'unknown']);
    assert.equal(JSON.stringify([Status.Offline, Status.custom(9), Status.Unknown]), '[0,9,null]');
    assert.throws(() => Status.custom(-1), /whole number/);
  });
});

test('the other values', async (t) => {
  const emulator = emulatorFor(t);
  const client = emulator.client();
  emulator.state.login('c2', 'ios_1', { uuid: 'u-1', name: 'phone' });
  const states = await client.onlineStates(['C2', 'x']);
  assert.deepEqual([...states], [['C2', true], ['x', false]]);
  assert.deepEqual([states.get('c2'), states.get('X'), states.get('__proto__')], [true, false, undefined]);
  assert.equal(inspect(states), "OnlineStates Map(2) { 'C2' => true, 'x' => false }");
  assert.notDeepEqual(states, await client.onlineStates(['x', 'C2']));
  const devices = await client.user('c2').devices();
  assert.deepEqual(devices, [{ resource: 'ios_1', platform: 'ios', deviceUuid: 'u-1', deviceName: 'phone' }]);
  assert.ok(Object.isFrozen(devices) && Object.isFrozen(devices[0]));
});

test('a token never prints itself', async (t) => {
  const token = await emulatorFor(t).client().appToken();
  const secret = token.expose();
  assert.match(secret, /^YWMt/);
  assert.ok(token.lifetimeMs > 0);
  for (const printed of [inspect(token, { showHidden: true }), String(token), `${token}`, JSON.stringify({ token })]) {
    assert.ok(!printed.includes(secret), printed);
  }
});
