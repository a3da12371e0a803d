// The emulator as tests hold it.

import { bridge } from './bridge.js';
import { PresenceClient } from './client.js';
import { camel, merged, respelled, snake, type EmulatorSettings, type SettingsPatch } from './emulator-types.js';
import { Faults } from './faults.js';
import { Journal } from './journal.js';
import { native, type EmulatorConfig, type NativeEmulator } from './native.js';
import type { ClientOptions } from './options.js';

/** What an {@link Emulator} may be given. */
export interface EmulatorOptions {
  /** The port; any free one if not given. */
  readonly port?: number | undefined;
  /** The app key, `org#app`. */
  readonly appKey?: string | undefined;
  /** The app id; a fixed UUID if not given. */
  readonly appId?: string | undefined;
  /** The credentials that the token call takes. */
  readonly credentials?: { readonly clientId: string; readonly clientSecret: string } | undefined;
  /** The switches that differ from the defaults. */
  readonly settings?: SettingsPatch | undefined;
}

/** How much there is in an emulator. */
export interface Counts {
  /** Users, registered or not. */
  readonly users: number;
  /** Devices logged in, of all users. */
  readonly loggedIn: number;
  /** Subscriptions in force. */
  readonly subscriptions: number;
  /** Tokens that are still valid. */
  readonly tokens: number;
}

/** One user in a {@link Snapshot}. */
export interface SnapshotUser {
  readonly registered: boolean;
  readonly ext: string;
  /** When the user was last online, in milliseconds since the Unix epoch. */
  readonly lastTime?: number;
  /** The status of each device, by resource. */
  readonly devices: ReadonlyMap<string, string>;
  /** The resources logged in. */
  readonly loggedIn: readonly string[];
  /** The end of each subscription in Unix seconds, by user id. */
  readonly subscriptions: ReadonlyMap<string, number>;
}

/** Everything an emulator remembers. */
export interface Snapshot {
  /** Users by id, in lower case. */
  readonly users: ReadonlyMap<string, SnapshotUser>;
  readonly groups: readonly { readonly groupId: string; readonly queryType: number; readonly count: number }[];
}

/** An emulator runs until it is stopped, also when only its address is still known. */
const running = new Set<NativeEmulator>();

/**
 * The service's presence API in memory, in this process, on a free port of 127.0.0.1.
 *
 * Each one is independent, so tests can run side by side. It runs until it is stopped or the process ends, which it
 * does not keep alive.
 *
 * @example
 * ```ts
 * const emulator = new Emulator();
 * const client = emulator.client();
 * emulator.state.login('c2', 'android_1');
 * await client.user('wzy').get('c2');
 * console.log(emulator.journal.count('get')); // 1
 * emulator.stop();
 * ```
 */
export class Emulator implements Disposable {
  readonly #native: NativeEmulator;
  /** The record of all requests, changes and faults. */
  readonly journal: Journal;
  /** The clock that everything timed in the emulator reads. */
  readonly clock: Clock;
  /** The users, devices, subscriptions and groups. */
  readonly state: State;
  /** What goes wrong on purpose: install a plan, or clear it. */
  readonly faults: Faults;

  /** Starts it: when this returns, it answers. */
  constructor(options: EmulatorOptions = {}) {
    const { credentials, settings, ...given } = options;
    const config = Object.fromEntries(
      Object.entries({ ...given, ...credentials }).filter(([, value]) => value !== undefined),
    ) as EmulatorConfig;
    this.#native = new native.NativeEmulator(bridge, config);
    running.add(this.#native);
    this.journal = new Journal(this.#native);
    this.clock = new Clock(this.#native);
    this.state = new State(this.#native);
    this.faults = new Faults(this.#native);
    if (settings !== undefined) this.configure(settings);
  }

  /** Where it listens, as `127.0.0.1:PORT`; what `EASEMOB_EMULATOR_HOST` takes. */
  get host(): string {
    return this.#native.host;
  }

  /** Where it listens, as `http://127.0.0.1:PORT`. */
  get url(): string {
    return `http://${this.host}`;
  }

  /** The app key, `org#app`. */
  get appKey(): string {
    return this.#native.appKey;
  }

  /** The app id; `/app-id/{appId}` addresses the same app as `/{org}/{app}`. */
  get appId(): string {
    return this.#native.appId;
  }

  /** The client id that the token call takes. */
  get clientId(): string {
    return this.#native.clientId;
  }

  /** The client secret that the token call takes. */
  get clientSecret(): string {
    return this.#native.clientSecret;
  }

  /** A client of this emulator; the options replace what it would be given. */
  client(options: ClientOptions = {}): PresenceClient {
    const own = options.appToken !== undefined || options.tokenProvider !== undefined || options.clientId !== undefined;
    const credentials = own ? {} : { clientId: this.clientId, clientSecret: this.clientSecret };
    const app = options.appId === undefined ? { appKey: this.appKey } : {};
    return new PresenceClient({ emulator: this.host, ...app, ...credentials, ...options });
  }

  /** The settings in force. */
  get settings(): EmulatorSettings {
    const settings = respelled(JSON.parse(this.#native.settings()), camel) as EmulatorSettings;
    return { ...settings, rateLimit: rateLimit(this.#native) };
  }

  /** Changes settings; the next request sees them. */
  configure(patch: SettingsPatch): void {
    const { rateLimit: rates, ...switches } = patch;
    const changes = respelled(switches, snake) as object;
    const limit = rates === undefined ? {} : { rate_limit: limitPatch(rates) };
    this.#native.configure(JSON.stringify(merged(JSON.parse(this.#native.settings()), { ...changes, ...limit })));
  }

  /** A new app token that lives this long, without a token call. */
  issueToken(ttlMs: number): string {
    return this.#native.issueToken(ttlMs);
  }

  /** Makes a token from elsewhere valid for this long: an Agora AccessToken2, or any fixed text. */
  acceptToken(token: string, ttlMs: number): void {
    this.#native.acceptToken(token, ttlMs);
  }

  /**
   * The body of the callback that the service would post for this user's device, signed with `secret`: JSON, with the
   * time of this emulator's clock and an id of its own. Nothing is sent and no state changes: post it to the endpoint
   * under test.
   *
   * @example
   * ```ts
   * const body = emulator.callback('c2', 'android_1', 'login', 'secret');
   * console.log(new Webhook('secret').parse(body)?.userId); // c2
   * ```
   */
  callback(user: string, resource: string, reason: 'login' | 'logout' | 'replaced', secret: string): Buffer {
    return Buffer.from(this.#native.callback(user, resource, reason, secret));
  }

  /** Makes every token issued so far an expired one. */
  expireTokens(): void {
    this.#native.expireTokens();
  }

  /** Forgets users, subscriptions, groups, tokens and the journal. Keeps settings, plan, clock and connections. */
  reset(): void {
    this.#native.reset();
  }

  /** Closes the port and every connection until {@link Emulator.listen}: who connects is refused. */
  stopListening(): void {
    this.#native.stopListening();
  }

  /**
   * Opens the same port again after {@link Emulator.stopListening}.
   *
   * @throws An `Error` if the port cannot be opened, or the emulator was stopped.
   */
  listen(): void {
    this.#native.listen();
  }

  /** Closes the port and every connection. State and journal can still be read. Stopping twice does nothing. */
  stop(): void {
    this.#native.stop();
    running.delete(this.#native);
  }

  /** As {@link Emulator.stop}: `using emulator = new Emulator()` stops it at the end of the block. */
  [Symbol.dispose](): void {
    this.stop();
  }
}

function rateLimit(emulator: NativeEmulator): EmulatorSettings['rateLimit'] {
  const { per_second, window } = (JSON.parse(emulator.settings()) as { rate_limit: { per_second: object; window: object } })
    .rate_limit;
  return { perSecond: per_second, window } as unknown as EmulatorSettings['rateLimit'];
}

function limitPatch({ perSecond, window }: NonNullable<SettingsPatch['rateLimit']>): object {
  return { ...(perSecond && { per_second: perSecond }), ...(window !== undefined && { window }) };
}

/** An emulator's clock. It runs with real time until told otherwise. */
export class Clock {
  readonly #native: NativeEmulator;

  /** @internal */
  constructor(emulator: NativeEmulator) {
    this.#native = emulator;
  }

  /** The emulator's current time. */
  now(): Date {
    return new Date(this.#native.clockNow());
  }

  /** Moves the clock forward, frozen or not. */
  advance(ms: number): void {
    this.#native.clockAdvance(ms);
  }

  /** Sets the clock, backwards too; it keeps running if it ran. */
  set(time: Date | number): void {
    this.#native.clockSet(Number(time));
  }

  /** Stops the clock where it is. */
  freeze(): void {
    this.#native.clockFreeze();
  }

  /** Lets the clock run again from where it stands. */
  resume(): void {
    this.#native.clockResume();
  }

  /** Whether the clock stands still. */
  get isFrozen(): boolean {
    return this.#native.clockIsFrozen;
  }
}

/** What an emulator remembers: look at it, or change it as clients and the console would. */
export class State {
  readonly #native: NativeEmulator;

  /** @internal */
  constructor(emulator: NativeEmulator) {
    this.#native = emulator;
  }

  /** Registers a user; `false` if it was registered already. */
  register(user: string): boolean {
    return this.#native.register(user);
  }

  /** Deletes a user and its subscriptions both ways; `false` if there was none. */
  delete(user: string): boolean {
    return this.#native.delete(user);
  }

  /** Logs a device in: its user is online, its presence status is `1`. */
  login(user: string, resource: string, device?: { readonly uuid: string; readonly name: string }): void {
    this.#native.login(user, resource, device?.uuid, device?.name);
  }

  /** Logs a device out: its presence status stays, as `0`. `false` if it was not logged in. */
  logout(user: string, resource: string): boolean {
    return this.#native.logout(user, resource);
  }

  /** Sets what the group online count answers; `queryType` is 1 for a group, 0 for a super-community server. */
  setGroupOnlineCount(groupId: string, queryType: 0 | 1, count: number): void {
    this.#native.setGroupOnlineCount(groupId, queryType, count);
  }

  /** How much there is of everything. */
  counts(): Counts {
    return respelled(JSON.parse(this.#native.counts()), camel) as Counts;
  }

  /** Everything remembered. */
  snapshot(): Snapshot {
    interface User {
      registered: boolean;
      ext: string;
      last_time: number | null;
      devices: Record<string, string>;
      logged_in: string[];
      subscriptions: Record<string, number>;
    }
    const { users, groups } = JSON.parse(this.#native.snapshot()) as { users: Record<string, User>; groups: object[] };
    const user = ({ last_time, logged_in, devices, subscriptions, ...rest }: User): SnapshotUser => ({
      ...rest,
      ...(last_time === null ? {} : { lastTime: last_time }),
      devices: new Map(Object.entries(devices)),
      loggedIn: logged_in,
      subscriptions: new Map(Object.entries(subscriptions)),
    });
    return {
      users: new Map(Object.entries(users).map(([id, one]) => [id, user(one)])),
      groups: groups.map((group) => respelled(group, camel)) as unknown as Snapshot['groups'],
    };
  }
}
