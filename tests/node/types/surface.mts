// What the compiler makes of the public types, as an ES module. Nothing here runs.

import {
  AppToken,
  Callback,
  InvalidInputError,
  IterMany,
  OnlineStates,
  PartialFailureError,
  Presence,
  PresenceClient,
  PresenceError,
  Presences,
  QueueTimeoutError,
  Status,
  User,
  Watcher,
  Webhook,
  type CallOptions,
  type ClientOptions,
  type Device,
  type EndpointName,
  type EndpointStats,
  type ErrorKind,
  type Event,
  type EventKind,
  type Occupancy,
  type RateLimits,
  type Sent,
  type Stats,
  type Subscription,
  type SubscriptionsPage,
  type WarningReason,
  type WatchStats,
} from 'easemob-presence';
import { Emulator, emulatorFor, type JournalEntry, type RequestEntry } from 'easemob-presence/testing';
import { test } from 'node:test';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(yes: Same<A, B>): void;

const client = new PresenceClient({ host: 'h', appKey: 'o#a', tokenProvider: async () => ({ token: 't' }) });
const user = client.user('wzy');
const { signal } = new AbortController();

same<typeof user, User>(true);
same<ReturnType<User['set']>, Promise<void>>(true);
same<ReturnType<User['subscribe']>, Promise<Presences>>(true);
same<ReturnType<User['get']>, Promise<Presence>>(true);
same<ReturnType<User['getMany']>, Promise<Presences>>(true);
same<ReturnType<User['iterMany']>, IterMany>(true);
same<ReturnType<User['unsubscribe']>, Promise<void>>(true);
same<ReturnType<User['subscriptionsPage']>, Promise<SubscriptionsPage>>(true);
same<ReturnType<User['devices']>, Promise<readonly Device[]>>(true);
same<ReturnType<User['isOnline']>, Promise<boolean>>(true);
same<ReturnType<PresenceClient['onlineStates']>, Promise<OnlineStates>>(true);
same<ReturnType<PresenceClient['groupOnlineCount']>, Promise<number>>(true);
same<ReturnType<PresenceClient['appToken']>, Promise<AppToken>>(true);
same<PresenceError['kind'], ErrorKind | 'internal'>(true);
same<InvalidInputError['kind'], 'invalid_input'>(true);
same<PresenceError['sent'], Sent>(true);
same<QueueTimeoutError['kind'], 'queue_timeout'>(true);
same<ReturnType<PresenceClient['stats']>, Stats>(true);
same<Stats['endpoints'][EndpointName], EndpointStats>(true);
same<EndpointStats['pausedForMs'], number | undefined>(true);
same<ReturnType<PresenceClient['close']>, Promise<void>>(true);
same<Presence['lastSeen'], Date | undefined>(true);

async function use(): Promise<void> {
  await user.set(Status.custom(100), { resource: 'android_1', ext: 'busy', signal, timeoutMs: 900 });
  await user.set(1, { resource: 'android_1' });
  await user.getMany(new Set(['a', 'b']));
  const presences: ReadonlyMap<string, Presence> = await user.getMany(['a']);
  const states: ReadonlyMap<string, boolean> = await client.onlineStates(['a']);
  for (const [id, presence] of presences) same<typeof id | typeof presence.ext, string>(true);
  for await (const subscription of user.subscriptions({ pageSize: 10 })) same<typeof subscription, Subscription>(true);
  await client.groupOnlineCount('1', { kind: 'superCommunityServer' });
  await using scoped = client.withOptions({ timeoutMs: 1, maxAttempts: 2, priority: 'background', grouped: true });
  const waiting: number = client.stats().endpoints.is_online.waiting;
  client.rotateClientSecret('s');
  void [states, scoped, waiting];

  // @ts-expect-error there is no such priority
  client.withOptions({ priority: 'urgent' });
  // @ts-expect-error rates belong to the client
  client.withOptions({ rateLimits: 'off' });
  // @ts-expect-error there is no such endpoint
  new PresenceClient({ rateLimits: { gett: 5 } });
  // @ts-expect-error numbers are not changed
  client.stats().calls = 0;

  // @ts-expect-error a device is needed
  await user.set(Status.Online);
  // @ts-expect-error a list is meant
  await user.getMany(7);
  // @ts-expect-error seconds have another name
  await user.get('c2', { timeout: 1 });
  // @ts-expect-error there is no such kind
  await client.groupOnlineCount('1', { kind: 'room' });
  // @ts-expect-error values cannot be changed
  (await user.get('c2')).ext = 'x';
  // @ts-expect-error and neither can lists
  (await user.get('c2')).devices.push();
  // @ts-expect-error null is no way to leave something out
  await user.get('c2', { timeoutMs: null });
  // @ts-expect-error statuses are made by the class
  new Status(1);
}

function callbacks(emulator: Emulator): void {
  const webhook = new Webhook('secret', { also: ['old'], maxAgeMs: 60_000, appKey: 'org#app' });
  const callback = webhook.parse(emulator.callback('c2', 'ios_1', 'login', 'secret'));
  same<typeof callback, Callback | undefined>(true);
  if (callback === undefined) return;
  same<Callback['timestamp'], Date>(true);
  same<Callback['os'], string | undefined>(true);
  if (callback.reason === 'login') webhook.forget(callback.callId);
  webhook.parse('text');
  webhook.parse(new Uint8Array());
  // @ts-expect-error what a framework made of the JSON is no body
  webhook.parse({ callId: 'x' });
  // @ts-expect-error callbacks cannot be changed
  callback.online = false;
  // @ts-expect-error there is no such event
  emulator.callback('c2', 'ios_1', 'typing', 'secret');
}

async function many(ids: AsyncIterable<string>): Promise<void> {
  await user.subscribe(new Set(['c2']), { ttlSeconds: 5, onProgress: ({ done, etaMs }) => void [same<typeof etaMs, number | undefined>(true), done] });
  for await (const presences of user.iterMany(ids, { signal })) same<typeof presences, Presences>(true);
  // @ts-expect-error only what may be awaited reads an asynchronous iterable
  await user.getMany(ids);
}

function narrowing(error: unknown): void {
  if (error instanceof PartialFailureError) same<typeof error.failed, ReadonlyMap<string, PresenceError>>(true);
  if (error instanceof InvalidInputError) same<typeof error.kind, 'invalid_input'>(true);
  if (error instanceof PresenceError) same<typeof error.status, number | undefined>(true);
}

const options: CallOptions = { signal: undefined, timeoutMs: undefined };
const rates: RateLimits[] = ['documented', 'off', 5, { get: 200, set: undefined }];
const clientOptions: ClientOptions = {
  logger: console,
  rootCertificates: ['pem'],
  rateLimits: { get: 200 },
  rateShare: 0.5,
  maxQueued: 100,
  maxAttempts: 1,
  minTokenIntervalMs: 0,
};

test('types', (t) => {
  const emulator: Emulator = emulatorFor(t, { settings: { rateLimit: { perSecond: { get: 5 } } } });
  const entry: JournalEntry | undefined = emulator.journal.entries()[0];
  if (entry?.type === 'request') same<typeof entry, RequestEntry>(true);
  // @ts-expect-error there is no such operation
  emulator.journal.count('gett');
  void [use, callbacks, narrowing, options, rates, clientOptions];
  void [use, many, narrowing, options, rates, clientOptions];
});

const watcher = await user.watch(new Set(['c2']), { share: 0.2, minIntervalMs: 1_000, keepSubscribedSeconds: 60, signal });
same<typeof watcher, Watcher>(true);
for await (const event of watcher) {
  same<typeof event, Event>(true);
  same<typeof event.kind, EventKind>(true);
  switch (event.kind) {
    case 'enter':
    case 'leave':
    case 'update':
      same<typeof event.presence, Presence>(true);
      same<typeof event.previous, Presence | undefined>(true);
      break;
    case 'stale':
      same<typeof event.since, Date>(true);
      break;
    case 'warning':
      same<typeof event.reason, WarningReason>(true);
      same<typeof event.error, PresenceError | undefined>(true);
      break;
    default:
      // @ts-expect-error Only changes have a presence.
      void event.presence;
  }
}
same<ReturnType<typeof watcher.get>, Presence | undefined>(true);
same<ReturnType<typeof watcher.snapshot>, readonly Presence[]>(true);
same<ReturnType<typeof watcher.occupancy>, Occupancy>(true);
same<ReturnType<typeof watcher.stats>, WatchStats>(true);
same<ReturnType<typeof watcher.save>, string>(true);
// @ts-expect-error There is no such option.
void user.watch(['c2'], { interval: 5 });
// @ts-expect-error What was parsed is fed, not the body.
watcher.feed('{}');
