// Presences in the form in which they cross: one text and one list of numbers. `../src/presences.rs` is the other
// side. Strings are cut out when somebody reads them.

import { inspect, type InspectOptions } from 'node:util';

import { Status } from './status.js';

/** Numbers before the first row: users found, ids missing, items unmatched. */
const HEADER = 3;
/** Text start, id end, ext end, last seen in ms, expires at in ms (NaN for none), online, devices so far. */
const ROW = 7;
/** Text start, platform end, resource end, status (NaN for unknown). */
const DEVICE = 4;
/** How many users are looked up by going through all before an index is made, which costs as much as ten times that. */
const SCANS = 8;

/** One device in a user's presence. */
export interface DeviceStatus {
  /** The device's key, opaque: `android_6b5610ac-…`, or a bare `android`. */
  readonly resource: string;
  /** The part of the key before its first `_`. */
  readonly platform: string;
  /** The device's status. */
  readonly status: Status;
}

// Properties under symbols, not private fields: `assert.deepEqual` and its like compare what they can see, and would
// call any two presences equal.
const FLAT: unique symbol = Symbol('answer');
const ROW_AT: unique symbol = Symbol('row');

/** A whole answer. */
class Flat {
  readonly text: string;
  readonly numbers: Float64Array;

  constructor(text: string, numbers: Float64Array) {
    this.text = text;
    this.numbers = numbers;
  }

  at(index: number): number {
    return this.numbers[index] as number;
  }

  get rows(): number {
    return this.at(0) + this.at(2);
  }

  /** Where the ends of the missing ids begin: one number more than there are ids, the start of the first. */
  get missingAt(): number {
    return HEADER + ROW * this.rows;
  }

  get devicesAt(): number {
    return this.missingAt + this.at(1) + 1;
  }
}

function moment(ms: number): Date | undefined {
  return Number.isNaN(ms) ? undefined : new Date(ms);
}

/** The presence of one user at the moment of the answer: an immutable view of the answer it came with. */
export class Presence {
  /** @internal */
  readonly [FLAT]: Flat;
  /** @internal */
  readonly [ROW_AT]: number;
  #devices: readonly DeviceStatus[] | undefined;

  /** @internal */
  constructor(flat: Flat, row: number) {
    this[FLAT] = flat;
    this[ROW_AT] = HEADER + ROW * row;
  }

  /** The user, spelled as it was asked for. */
  get userId(): string {
    const { text, numbers } = this[FLAT];
    const at = this[ROW_AT];
    return text.slice(numbers[at], numbers[at + 1]);
  }

  /** The user's own text; it belongs to the user, not to a device. */
  get ext(): string {
    const { text, numbers } = this[FLAT];
    const at = this[ROW_AT];
    return text.slice(numbers[at + 1], numbers[at + 2]);
  }

  /** When the user was last online, if the service knows. */
  get lastSeen(): Date | undefined {
    return moment(this[FLAT].at(this[ROW_AT] + 3));
  }

  /** When the subscription ends; only {@link User.subscribe} answers it. */
  get expiresAt(): Date | undefined {
    return moment(this[FLAT].at(this[ROW_AT] + 4));
  }

  /** Whether any device is online or in a custom status. */
  get isOnline(): boolean {
    return this[FLAT].at(this[ROW_AT] + 5) === 1;
  }

  /** The user's devices, in the service's order; empty for a user who was never online. */
  get devices(): readonly DeviceStatus[] {
    return (this.#devices ??= this.#readDevices());
  }

  #readDevices(): readonly DeviceStatus[] {
    const flat = this[FLAT];
    const { text, numbers } = flat;
    const at = this[ROW_AT];
    const next = at + ROW;
    const base = flat.devicesAt;
    const from = base + DEVICE * flat.at(at + 6);
    const to = next < flat.missingAt ? base + DEVICE * flat.at(next + 6) : numbers.length;
    const devices: DeviceStatus[] = [];
    for (let device = from; device < to; device += DEVICE) {
      const start = numbers[device];
      devices.push(
        Object.freeze({
          resource: text.slice(start, numbers[device + 2]),
          platform: text.slice(start, numbers[device + 1]),
          status: Status.of(flat.at(device + 3)),
        }),
      );
    }
    return Object.freeze(devices);
  }

  /** Whether both say the same of the same user, in any letter case of the id. */
  equals(other: Presence): boolean {
    return (
      folded(this.userId) === folded(other.userId) &&
      JSON.stringify({ ...this.toJSON(), userId: '' }) === JSON.stringify({ ...other.toJSON(), userId: '' })
    );
  }

  /** Every field by name; times as `Date`, which JSON writes in ISO 8601. */
  toJSON(): PresenceFields {
    return {
      userId: this.userId,
      isOnline: this.isOnline,
      devices: this.devices,
      ext: this.ext,
      ...(this.lastSeen === undefined ? {} : { lastSeen: this.lastSeen }),
      ...(this.expiresAt === undefined ? {} : { expiresAt: this.expiresAt }),
    };
  }

  /** @internal */
  [inspect.custom](_depth: number, options: InspectOptions): string {
    return `Presence ${inspect(this.toJSON(), options)}`;
  }
}

/** A presence as a plain object; see {@link Presence.toJSON}. */
export interface PresenceFields {
  /** The user, spelled as it was asked for. */
  readonly userId: string;
  /** Whether any device is online or in a custom status. */
  readonly isOnline: boolean;
  /** The user's devices, in the service's order. */
  readonly devices: readonly DeviceStatus[];
  /** The user's own text. */
  readonly ext: string;
  /** When the user was last online. */
  readonly lastSeen?: Date;
  /** When the subscription ends. */
  readonly expiresAt?: Date;
}

/** The service takes ASCII only, and ignores its letter case. */
export function folded(userId: string): string {
  return userId.toLowerCase();
}

/**
 * The presences of several users: an immutable map from user id to {@link Presence}, in the order asked.
 *
 * Users are found in any letter case. Ids that were asked for and not answered are in {@link Presences.missing}.
 *
 * @example
 * ```ts
 * const presences = await client.user('wzy').getMany(['c2', 'c3']);
 * presences.get('C2')?.isOnline;
 * for (const presence of presences.values()) console.log(presence.userId, presence.ext);
 * ```
 */
export class Presences implements ReadonlyMap<string, Presence> {
  /** @internal */
  readonly [FLAT]: Flat;
  readonly #views: Presence[] = [];
  #places: Map<string, number> | undefined;
  #lookups = 0;
  #missing: readonly string[] | undefined;
  #unmatched: readonly Presence[] | undefined;

  private constructor(flat: Flat) {
    this[FLAT] = flat;
  }

  /** @internal */
  static of([text, numbers]: readonly [string, Float64Array]): Presences {
    return new Presences(new Flat(text, numbers));
  }

  /** How many users were answered. */
  get size(): number {
    return this[FLAT].at(0);
  }

  /** Ids that were asked for and not answered. */
  get missing(): readonly string[] {
    if (this.#missing === undefined) {
      const { text, numbers, missingAt } = this[FLAT];
      const ends = Array.from(numbers.subarray(missingAt, this[FLAT].devicesAt));
      this.#missing = Object.freeze(ends.slice(1).map((end, at) => text.slice(ends[at], end)));
    }
    return this.#missing;
  }

  /** Items that answer no id asked for, under the id that the service gave them. */
  get unmatched(): readonly Presence[] {
    if (this.#unmatched === undefined) {
      const rows = Array.from({ length: this[FLAT].at(2) }, (_, at) => this.#view(this.size + at));
      this.#unmatched = Object.freeze(rows);
    }
    return this.#unmatched;
  }

  /** One user's presence, found in any letter case; undefined if the user was not asked for or is missing. */
  get(userId: string): Presence | undefined {
    const place = this.#place(userId);
    return place === undefined ? undefined : this.#view(place);
  }

  /** Whether the user was answered. */
  has(userId: string): boolean {
    return this.#place(userId) !== undefined;
  }

  /** The users answered, in the order asked. */
  *keys(): MapIterator<string> {
    for (const presence of this.values()) yield presence.userId;
  }

  /** The presences, in the order asked. */
  *values(): MapIterator<Presence> {
    for (let row = 0; row < this.size; row += 1) yield this.#view(row);
  }

  /** Users and presences, in the order asked. */
  *entries(): MapIterator<[string, Presence]> {
    for (const presence of this.values()) yield [presence.userId, presence];
  }

  /** Users and presences, in the order asked. */
  [Symbol.iterator](): MapIterator<[string, Presence]> {
    return this.entries();
  }

  /** Calls the function for each user, in the order asked. */
  forEach(act: (presence: Presence, userId: string, presences: Presences) => void, thisArg?: unknown): void {
    for (const presence of this.values()) act.call(thisArg, presence, presence.userId, this);
  }

  /** `Presences`. */
  get [Symbol.toStringTag](): string {
    return 'Presences';
  }

  /** The presences, the missing ids and the unmatched items, by name. */
  toJSON(): { presences: PresenceFields[]; missing: readonly string[]; unmatched: PresenceFields[] } {
    const fields = (presence: Presence): PresenceFields => presence.toJSON();
    return {
      presences: [...this.values()].map(fields),
      missing: this.missing,
      unmatched: this.unmatched.map(fields),
    };
  }

  /** @internal */
  [inspect.custom](depth: number, options: InspectOptions): string {
    if (depth < 0) return `[Presences(${this.size})]`;
    const more = {
      ...(this.missing.length > 0 ? { missing: this.missing } : {}),
      ...(this.unmatched.length > 0 ? { unmatched: this.unmatched } : {}),
    };
    const rest = Object.keys(more).length > 0 ? ` ${inspect(more, options)}` : '';
    const list = inspect([...this.values()], { ...options, depth: (options.depth ?? 2) + 1 });
    return `Presences(${this.size}) ${list}${rest}`;
  }

  #view(row: number): Presence {
    return (this.#views[row] ??= new Presence(this[FLAT], row));
  }

  #place(userId: string): number | undefined {
    if (typeof userId !== 'string') return undefined;
    if (this.#places === undefined) {
      const row = this.#lookups < SCANS ? this.#scan(userId) : undefined;
      this.#lookups += 1;
      if (row !== undefined) return row;
      this.#places = new Map();
      for (let row = 0; row < this.size; row += 1) this.#places.set(folded(this.#view(row).userId), row);
    }
    return this.#places.get(folded(userId));
  }

  /** The row of an id in the spelling in which it was asked for. Cuts out nothing. */
  #scan(userId: string): number | undefined {
    const { text, numbers } = this[FLAT];
    for (let row = 0, at = HEADER; row < this.size; row += 1, at += ROW) {
      const start = numbers[at] as number;
      if (numbers[at + 1] === start + userId.length && text.startsWith(userId, start)) return row;
    }
    return undefined;
  }
}

/** @internal Presences that are no answer to a list of ids. */
export function listed([text, numbers]: readonly [string, Float64Array]): Presence[] {
  const flat = new Flat(text, numbers);
  return Array.from({ length: flat.at(0) }, (_, row) => new Presence(flat, row));
}

/** @internal The one presence in an answer about one user. */
export function single([text, numbers]: readonly [string, Float64Array]): Presence {
  return new Presence(new Flat(text, numbers), 0);
}
