// The whole presence API on the service documentation's own examples, from Node; the same tour as the Rust demo.
//
// Runs against an emulator in this process or, with EASEMOB_HOST, an App Key and credentials in the environment, against
// the live service.

import { PresenceClient, PresenceError, Status } from 'easemob-presence';
import { Emulator } from 'easemob-presence/testing';

/** People for the examples: c2 is online on a phone, user1 is offline, a group has 100 members online. */
function prepare(emulator) {
  emulator.state.login('c2', 'android_6b5610ac-4e11-4661-82b3-dee17bc7b2cc');
  for (const user of ['c3', 'user1', 'user2']) emulator.state.register(user);
  emulator.state.setGroupOnlineCount('66016455491585', 1, 100);
}

/** Makes the calls; how many failed. */
async function tour(client) {
  const [c1, c2, wzy] = ['c1', 'c2', 'wzy'].map((id) => client.user(id));
  const ids = ['c2', 'c3'];
  let failures = 0;
  failures += await show('set c1', c1.set(Status.Offline, { resource: 'android', ext: '123' }), done);
  failures += await show('subscribe wzy to c2, c3', wzy.subscribe(ids, { ttlSeconds: 1000 }), presences);
  failures += await show('getMany c2, c3', wzy.getMany(ids), presences);
  failures += await show('get c2', wzy.get('c2'), (presence) => `${presence.userId} is online: ${presence.isOnline}`);
  failures += await show('subscriptions of wzy', wzy.subscriptionsPage(1), subscriptions);
  failures += await show('unsubscribe wzy from c1', wzy.unsubscribe(['c1']), done);
  failures += await show('devices of c2', c2.devices(), (devices) =>
    devices.map((device) => `${device.resource} on ${device.platform}`).join('\n'),
  );
  failures += await show('isOnline c2', c2.isOnline(), String);
  failures += await show('onlineStates user1, c2', client.onlineStates(['user1', 'c2']), states);
  failures += await show('groupOnlineCount', client.groupOnlineCount('66016455491585'), String);
  return failures;
}

/** Prints one call and its typed answer; 1 for a failure. */
async function show(name, call, text) {
  console.log(`\n${name}`);
  try {
    const answer = text(await call);
    console.log(`    ${answer.replaceAll('\n', '\n    ')}`);
    return 0;
  } catch (error) {
    if (!(error instanceof PresenceError)) throw error;
    console.log(`    ${error.message}`);
    return 1;
  }
}

const done = () => 'done';
const date = (time) => time?.toUTCString() ?? 'never';

function presences(answer) {
  const lines = [];
  for (const presence of answer.values()) {
    const devices = presence.devices.map((device) => `${device.resource} ${device.status}`).join(', ') || 'no device';
    const ends = presence.expiresAt === undefined ? '' : `, subscribed until ${date(presence.expiresAt)}`;
    const ext = JSON.stringify(presence.ext);
    lines.push(`${presence.userId}: ${devices}, ext ${ext}, last seen ${date(presence.lastSeen)}${ends}`);
  }
  return [...lines, ...answer.missing.map((id) => `${id}: not answered`)].join('\n');
}

function subscriptions(page) {
  const each = page.subscriptions.map(({ userId, expiresAt }) => `${userId} until ${date(expiresAt)}`);
  return [`${page.total} in all`, ...each].join('\n');
}

function states(answer) {
  return [...answer.entries()].map(([id, online]) => `${id} is online: ${online}`).join('\n');
}

async function main() {
  if (process.env.EASEMOB_HOST !== undefined) {
    console.log('Node, live service, as the environment says.');
    return tour(PresenceClient.fromEnv());
  }
  const emulator = new Emulator();
  try {
    console.log(`Node, embedded emulator at ${emulator.host}.`);
    prepare(emulator);
    return await tour(emulator.client());
  } finally {
    emulator.stop();
  }
}

try {
  const failures = await main();
  console.log(failures === 0 ? '\nAll calls succeeded.' : `\n${failures} of 10 calls failed; the lines above say why.`);
  process.exitCode = Math.min(failures, 1);
} catch (error) {
  if (!(error instanceof PresenceError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
