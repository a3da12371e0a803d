// The whole presence API on the service documentation's own examples: the same main job as core/examples/demo.rs.
//
// Runs against an emulator in this process or, with `EASEMOB_HOST`, an App Key and credentials in the environment,
// against the live service.

import { PresenceClient, Status } from 'easemob-presence';
import { Emulator } from 'easemob-presence/testing';

const live = process.env.EASEMOB_HOST !== undefined;
const emulator = live ? undefined : new Emulator();
const client = live ? PresenceClient.fromEnv() : emulator.client();

if (live) {
  console.log('Live service, as the environment says.');
} else {
  console.log(`Embedded emulator at ${emulator.url}. Set EASEMOB_HOST, EASEMOB_APP_KEY and`);
  console.log('EASEMOB_CLIENT_ID with EASEMOB_CLIENT_SECRET to run against the live service.');
  // People for the examples: c2 is online on a phone, user1 is offline, a group has 100 members online.
  emulator.state.login('c2', 'android_6b5610ac-4e11-4661-82b3-dee17bc7b2cc');
  for (const user of ['c3', 'user1', 'user2']) emulator.state.register(user);
  emulator.state.setGroupOnlineCount('66016455491585', 1, 100);
}

let failures = 0;

/** Makes one call and prints it with its typed answer. */
async function show(name, call, text = () => 'done') {
  let outcome;
  try {
    outcome = text(await call());
  } catch (error) {
    failures += 1;
    outcome = error.message;
  }
  const sent = emulator?.journal.requests().at(-1);
  const path = sent?.target.replace(/^\/[^/]+\/[^/]+/, '');
  console.log(`\n${name.padEnd(18)} ${sent ? `${sent.method} ${path} ${sent.body}` : ''}`.trimEnd());
  console.log(`    ${String(outcome).replaceAll('\n', '\n    ')}`);
}

function presences(answer) {
  const found = [...answer.values()].map(({ userId, devices, ext, lastSeen, expiresAt }) => {
    const shown = devices.map(({ resource, status }) => `${resource} ${status}`).join(', ') || 'no device';
    const ends = expiresAt === undefined ? '' : `, subscribed until ${expiresAt.toUTCString()}`;
    return `${userId}: ${shown}, ext ${JSON.stringify(ext)}, last seen ${lastSeen?.toUTCString() ?? 'never'}${ends}`;
  });
  return [...found, ...answer.missing.map((id) => `${id}: not answered`)].join('\n');
}

const [c1, c2, wzy] = ['c1', 'c2', 'wzy'].map((id) => client.user(id));

await show('set', () => c1.set(Status.Offline, { resource: 'android', ext: '123' }));
await show('subscribe', () => wzy.subscribe(['c2', 'c3'], { ttlSeconds: 1000 }), presences);
await show('getMany', () => wzy.getMany(['c2', 'c3']), presences);
await show('get', () => wzy.get('c2'), ({ userId, isOnline }) => `${userId} is online: ${isOnline}`);
await show('subscriptions', () => wzy.subscriptionsPage(1), ({ total, subscriptions }) =>
  [`${total ?? '?'} in all`, ...subscriptions.map((one) => `${one.userId} until ${one.expiresAt?.toUTCString() ?? '?'}`)].join('\n'),
);
await show('unsubscribe', () => wzy.unsubscribe(['c1']));
await show('devices', () => c2.devices(), (devices) => devices.map((one) => `${one.resource} on ${one.platform}`).join('\n'));
await show('isOnline', () => c2.isOnline(), String);
await show('onlineStates', () => client.onlineStates(['user1', 'c2']), (states) =>
  [...states].map(([userId, online]) => `${userId} is online: ${online}`).join('\n'),
);
await show('groupOnlineCount', () => client.groupOnlineCount('66016455491585'), String);

console.log(failures === 0 ? '\nAll calls succeeded.' : `\n${failures} of 10 calls failed; the lines above say why.`);
process.exitCode = failures === 0 ? 0 : 1;
