// Are these the types that were declared? Whether the values are allowed is the core's business.

import { refusal, shown } from './errors.js';

/** @internal What is being checked, and in which operation. */
export interface Place {
  readonly kind: 'invalid_input' | 'config';
  readonly operation?: string;
}

function wrong(place: Place, message: string, hint?: string): Error {
  const { kind, operation } = place;
  return refusal(kind, message, {
    ...(operation === undefined ? {} : { operation }),
    ...(hint === undefined ? {} : { hint }),
  });
}

/** @internal */
export function text(value: unknown, name: string, place: Place): string {
  if (typeof value !== 'string') throw wrong(place, `${name} must be a string, not ${shown(value)}`);
  return value;
}

/** @internal A whole number that crosses the bridge as 32 bits. */
export function whole(value: unknown, name: string, place: Place): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > 0xffff_ffff) {
    throw wrong(place, `${name} must be a whole number from 0 to 4294967295, not ${shown(value)}`);
  }
  return value;
}

/** @internal A time span. `Infinity` stands for as long as it takes. */
export function span(value: unknown, name: string, place: Place): number {
  if (typeof value !== 'number' || Number.isNaN(value) || value < 0) {
    throw wrong(place, `${name} must be a number from 0 on, not ${shown(value)}`);
  }
  return value;
}

/** @internal */
export function flag(value: unknown, name: string, place: Place): boolean {
  if (typeof value !== 'boolean') throw wrong(place, `${name} must be true or false, not ${shown(value)}`);
  return value;
}

/** @internal */
export function optional<T>(
  check: (value: unknown, name: string, place: Place) => T,
  value: unknown,
  name: string,
  place: Place,
): T | undefined {
  return value === undefined ? undefined : check(value, name, place);
}

/** @internal */
export function callable<T>(value: unknown, name: string, place: Place): T {
  if (typeof value !== 'function') throw wrong(place, `${name} must be a function, not ${shown(value)}`);
  return value as T;
}

/** @internal User ids, each of them a string. */
export function idArray(ids: unknown, place: Place): string[] {
  if (typeof ids === 'string') {
    throw wrong(place, `ids must be a list of user ids, not the string ${shown(ids)}`, `Write [${shown(ids)}].`);
  }
  if (typeof (ids as Iterable<unknown> | undefined | null)?.[Symbol.iterator] !== 'function') {
    throw wrong(place, `ids must be a list of user ids, not ${shown(ids)}`);
  }
  const list = Array.isArray(ids) ? (ids as unknown[]) : [...(ids as Iterable<unknown>)];
  for (let at = 0; at < list.length; at += 1) {
    if (typeof list[at] !== 'string') throw wrong(place, `ids[${at}] must be a string, not ${shown(list[at])}`);
  }
  return list as string[];
}

/**
 * @internal User ids in the one text in which they cross, which costs less than a hundred: their number, then each behind a
 * NUL.
 */
export function idList(ids: unknown, place: Place): string {
  const list = idArray(ids, place);
  return list.length === 0 ? '0' : `${list.length}\0${list.join('\0')}`;
}

/** @internal Refuses misspelt options, which would otherwise do nothing in silence. */
export function onlyKeys(options: unknown, known: ReadonlySet<string>, place: Place): void {
  if (options === undefined) return;
  if (typeof options !== 'object' || options === null) {
    throw wrong(place, `the options must be an object, not ${shown(options)}`);
  }
  for (const key in options) {
    if (!known.has(key)) {
      throw wrong(place, `there is no option ${shown(key)}`, `Known are ${[...known].sort().join(', ')}.`);
    }
  }
}
