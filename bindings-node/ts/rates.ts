// The rates of calls as callers write them.

import { whole, type Place } from './arguments.js';
import { refusal, shown } from './errors.js';

const ENDPOINTS = [
  'set',
  'subscribe',
  'get',
  'unsubscribe',
  'subscriptions',
  'devices',
  'is_online',
  'online_states',
  'group_online_count',
  'token',
] as const;

/** The endpoints that the service counts calls of, each by itself. The names are the same in every language. */
export type EndpointName = (typeof ENDPOINTS)[number];

/**
 * How many calls a second are made to each endpoint: as the service's documents say, without limit, the same number
 * for every endpoint, or the documented ones with these replaced. Token requests take no turn: `minTokenIntervalMs`
 * keeps them apart.
 */
export type RateLimits = 'documented' | 'off' | number | { readonly [Name in EndpointName]?: number | undefined };

/** @internal Checks the types and the names; whether the numbers make sense is the core's business. */
export function rates(given: unknown, name: string, place: Place): 'documented' | 'off' | number | Record<string, number> {
  if (given === 'documented' || given === 'off') return given;
  if (typeof given === 'number') return whole(given, name, place);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const forms = '"documented", "off", a number of calls a second, or an object of endpoints and numbers';
    throw refusal(place.kind, `${name} must be ${forms}, not ${shown(given)}`);
  }
  const replaced: Record<string, number> = {};
  for (const [endpoint, rate] of Object.entries(given)) {
    if (!(ENDPOINTS as readonly string[]).includes(endpoint)) {
      const hint = `Known are ${ENDPOINTS.join(', ')}.`;
      throw refusal(place.kind, `${name}: there is no endpoint ${shown(endpoint)}`, { hint });
    }
    if (rate !== undefined) replaced[endpoint] = whole(rate, `${name}.${endpoint}`, place);
  }
  return replaced;
}
