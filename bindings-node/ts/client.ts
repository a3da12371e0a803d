import { text, type Place } from './arguments.js';
import { Calls } from './calls.js';
import { refusal, shown } from './errors.js';
import { manyCall, type ManyOptions, type Submit } from './many.js';
import { AppToken, OnlineStates } from './models.js';
import type { CallOptions, ClientOptions, CommonOptions, WithOptions } from './options.js';
import type { Stats } from './stats.js';
import { User } from './user.js';

/** What a group id names. */
export type GroupKind = 'group' | 'superCommunityServer';

/** What {@link PresenceClient.groupOnlineCount} takes beside the id. */
export interface GroupOptions extends CallOptions {
  /** What the id names; a group if not given. */
  readonly kind?: GroupKind | undefined;
}

const GROUP = ['kind'];

function isServer(kind: unknown, { operation = 'group_online_count' }: Place): boolean {
  if (kind === undefined || kind === 'group') return false;
  if (kind === 'superCommunityServer') return true;
  throw refusal('invalid_input', `kind must be "group" or "superCommunityServer", not ${shown(kind)}`, { operation });
}

/** The environment's variables of this product; what they mean is the core's business. */
function variables(): Record<string, string> {
  const ours = Object.entries(process.env).filter(([name, value]) => name.startsWith('EASEMOB_') && value !== undefined);
  return Object.fromEntries(ours) as Record<string, string>;
}

/**
 * A client of one app.
 *
 * Keep one for the life of the process. It opens no connection before its first call, and keeps the process alive only
 * while calls are under way.
 *
 * @example
 * ```ts
 * import { PresenceClient, Status } from 'easemob-presence';
 *
 * const client = new PresenceClient({
 *   host: 'a1.easemob.com',
 *   appKey: 'my-org#my-app',
 *   clientId: 'client id',
 *   clientSecret: 'client secret',
 * });
 * await client.user('c1').set(Status.Online, { resource: 'android_123423453246', ext: 'busy' });
 * ```
 */
export class PresenceClient implements AsyncDisposable {
  readonly #calls: Calls;

  /**
   * Checks all options and makes a client.
   *
   * @throws {@link ConfigError}, saying what is wrong and what to write.
   */
  constructor(options?: ClientOptions);
  /** @internal */
  constructor(calls: Calls);
  constructor(given: ClientOptions | Calls = {}) {
    this.#calls = given instanceof Calls ? given : Calls.open(given);
  }

  /**
   * A client configured by the environment: `EASEMOB_HOST`; `EASEMOB_APP_KEY` (`org#app`) or `EASEMOB_APP_ID`;
   * `EASEMOB_CLIENT_ID` with `EASEMOB_CLIENT_SECRET`, or `EASEMOB_APP_TOKEN`; or `EASEMOB_EMULATOR_HOST` in place of
   * them all.
   *
   * @throws {@link ConfigError} if something is missing, contradicts itself or is not valid.
   *
   * @example
   * ```ts
   * const client = PresenceClient.fromEnv({ timeoutMs: 5_000 });
   * ```
   */
  static fromEnv(options: CommonOptions = {}): PresenceClient {
    return new PresenceClient(Calls.open(options, variables()));
  }

  /**
   * The same client with other limits for its calls. Connections, token, rate limits and closing are shared.
   *
   * @throws {@link ConfigError} for an option that there is not, or of the wrong type.
   *
   * @example
   * ```ts
   * const hurried = client.withOptions({ timeoutMs: 900 });
   * const nightly = client.withOptions({ timeoutMs: 600_000, priority: 'background', grouped: true });
   * ```
   */
  withOptions(options: WithOptions): PresenceClient {
    return new PresenceClient(this.#calls.withOptions(options));
  }

  /**
   * The operations that one user performs. Makes no call; the user need not exist yet.
   *
   * @throws {@link InvalidInputError} unless the id is 1 to 64 ASCII letters, digits, `_`, `.` and `-`.
   */
  user(userId: string): User {
    const id = text(userId, 'the user id', { kind: 'invalid_input' });
    this.#calls.checkUser(id);
    return new User(this.#calls, id);
  }

  /**
   * Whether each of any number of users is logged in somewhere: `POST /users/batch/status`, for each 100 of them.
   *
   * This is the login state, not the presence that users set. The service calls ids it does not know offline. Limit:
   * 50 requests a second per App Key. No ids: an empty answer without a request.
   *
   * @throws {@link InvalidInputError} for a bad id; {@link PartialFailureError} if some requests succeeded and others
   * failed; see {@link PresenceError} for the rest.
   *
   * @example
   * ```ts
   * const states = await client.onlineStates(['user1', 'user2']);
   * console.log(states.get('user1'));
   * ```
   */
  onlineStates(ids: Iterable<string>, options?: ManyOptions): Promise<OnlineStates> {
    const prepare = (): Submit => (client, id, list, timeoutMs, reports) => client.onlineStates(id, list, timeoutMs, reports);
    return this.#calls.run(manyCall('online_states', ids, options, OnlineStates.of, prepare), options);
  }

  /**
   * How many members of a group are online: `GET /presence/online/{group_id}/type/{query_type}`.
   *
   * The service activates this count for an App Key on request; limit: 100 calls a second per App Key.
   *
   * @throws {@link FeatureDisabledError} where it is not activated; {@link InvalidInputError} for an id that cannot
   * travel; see {@link PresenceError} for the rest.
   *
   * @example
   * ```ts
   * const online = await client.groupOnlineCount('66016455491585');
   * ```
   */
  groupOnlineCount(groupId: string, options?: GroupOptions): Promise<number> {
    return this.#calls.run(
      {
        name: 'group_online_count',
        keys: GROUP,
        prepare: (place) => {
          const group = text(groupId, 'the group id', place);
          const server = isServer(options?.kind, place);
          return (client, id) => client.groupOnlineCount(id, group, server);
        },
        read: (count) => count as number,
      },
      options,
    );
  }

  /**
   * The app token that the client's next call would use, for other calls of your own to the same app.
   *
   * Fetches one (`POST /token`) only if there is none, or its end is near.
   *
   * @throws {@link AuthError} if the service refuses the client id and secret, or the token provider fails; see
   * {@link PresenceError} for the rest.
   *
   * @example
   * ```ts
   * const token = await client.appToken();
   * const headers = { authorization: `Bearer ${token.expose()}` };
   * ```
   */
  appToken(options?: CallOptions): Promise<AppToken> {
    return this.#calls.run(
      { name: 'token', prepare: () => (client, id) => client.appToken(id), read: AppToken.of },
      options,
    );
  }

  /**
   * What this client, and those made from it, have done so far, and the state of their rate limits. Makes no call.
   *
   * @example
   * ```ts
   * const { succeeded, failed, endpoints } = client.stats();
   * console.log({ succeeded, failed, waiting: endpoints.get.waiting });
   * ```
   */
  stats(): Stats {
    return this.#calls.stats();
  }

  /**
   * Uses another client secret from the next token request on, after a rotation in the console. The token in use stays
   * until its time. Holds for the clients made from this one too.
   *
   * @throws {@link ConfigError} if it is empty, or the client was built without client id and secret.
   *
   * @example
   * ```ts
   * client.rotateClientSecret('the new secret');
   * ```
   */
  rotateClientSecret(clientSecret: string): void {
    // A secret of the wrong type may still be one, and is not shown.
    if (typeof clientSecret !== 'string') throw refusal('config', 'the client secret must be a string');
    this.#calls.rotateClientSecret(clientSecret);
  }

  /**
   * Ends every call under way of this client, and of those made from it, with {@link ClosedError}, down to the socket,
   * and refuses every later one. To let calls end first, await them first. The promise resolves when all have been
   * told; closing twice does nothing.
   *
   * @example
   * ```ts
   * const presence = await client.user('wzy').get('c2');
   * await client.close();
   * ```
   */
  close(): Promise<void> {
    return this.#calls.close();
  }

  /**
   * As {@link PresenceClient.close}: `await using client = …` closes it at the end of the block, and so ends calls that
   * were not awaited in it.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
