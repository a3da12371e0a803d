// What a client has done so far, in numbers.

import type { EndpointName } from './rates.js';

/** What the rate limiter does at one endpoint, at the moment of asking. */
export interface EndpointStats {
  /** The endpoint's name. */
  readonly endpoint: EndpointName;
  /** The configured rate in calls a second; none if there is no limit. */
  readonly limit?: number;
  /** The rate now, in calls a second: below `limit` for a while after the service has rejected calls. */
  readonly rate?: number;
  /** Calls that wait for their turn. */
  readonly waiting: number;
  /** Calls that have their turn and no answer yet. */
  readonly inFlight: number;
  /** Requests sent so far. */
  readonly sent: number;
  /** Requests so far that the service rejected for its rate (429 `reach_limit`). */
  readonly limited: number;
  /** For how many milliseconds more no call goes, because the service rejected one; none if calls go. */
  readonly pausedForMs?: number;
}

/** What a client, and those made from it, have done since it was built; see {@link PresenceClient.stats}. */
export interface Stats {
  /** Calls that needed a request, ended or under way. */
  readonly calls: number;
  /** Calls under way. */
  readonly active: number;
  /** Calls that succeeded. */
  readonly succeeded: number;
  /** Calls that failed, superseded ones included. Aborted calls are in neither. */
  readonly failed: number;
  /** Sets whose place a newer one took. */
  readonly superseded: number;
  /** Requests sent for the calls that have ended. */
  readonly attempts: number;
  /** Attempts made after a pause. */
  readonly retries: number;
  /** Attempts made again at once: after a 401, or on another connection when a used one had broken. */
  readonly replays: number;
  /** Gets that went in the request of another get. */
  readonly coalesced: number;
  /** Gets answered by the cache. They needed no request and are no calls. */
  readonly cached: number;
  /** Requests for an app token. */
  readonly tokenRequests: number;
  /** What is left of the retry quota, of 500. A retry takes 14, given back if the call succeeds. */
  readonly retryQuota: number;
  /** The rate limiter by endpoint; shared by all clients of one App Key in this process. */
  readonly endpoints: Readonly<Record<EndpointName, EndpointStats>>;
}

/** @internal The numbers that native code gives as JSON. */
export function statsOf(json: string): Stats {
  const { endpoints, ...numbers } = JSON.parse(json) as Omit<Stats, 'endpoints'> & { endpoints: EndpointStats[] };
  const byName = endpoints.map((endpoint) => [endpoint.endpoint, Object.freeze(endpoint)] as const);
  return Object.freeze({ ...numbers, endpoints: Object.freeze(Object.fromEntries(byName)) as Stats['endpoints'] });
}
