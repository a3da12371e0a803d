// Presences: views of an answer, which is fetched when somebody reads it. Strings are cut out then.

import { inspect, type InspectOptions } from 'node:util';

import { Answer, DEVICE, Flat, HEADER, ROW, type FlatForm, type Handle } from './answer.js';
import { Status } from './status.js';

/** How many users are fetched alone before everything is fetched, and an index made. */
const ALONE = 8;

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
const ANSWER: unique symbol = Symbol('answer');
const ROW_AT: unique symbol = Symbol('row');

function moment(upper: number, lower: number): Date | undefined {
  const ms = upper * 2 ** 32 + lower;
  return ms === 0 ? undefined : new Date(ms);
}

/** The presence of one user at the moment of the answer: an immutable view of the answer it came with. */
export class Presence {
  /** @internal */
  readonly [ANSWER]: Answer;
  /** @internal */
  readonly [ROW_AT]: number;
  readonly #flat: Flat;
  #devices: readonly DeviceStatus[] | undefined;

  /** @internal */
  constructor(answer: Answer, row: number, flat: Flat) {
    this[ANSWER] = answer;
    this[ROW_AT] = row;
    this.#flat = flat;
  }

  get #at(): number {
    return HEADER + ROW * (this[ROW_AT] - this.#flat.first);
  }

  /** The user, spelled as it was asked for. */
  get userId(): string {
    const flat = this.#flat;
    const at = this.#at;
    const start = flat.at(at);
    return flat.names.slice(start, start + flat.at(at + 1));
  }

  /** The user's own text; it belongs to the user, not to a device. */
  get ext(): string {
    const flat = this.#flat;
    const at = this.#at;
    const start = flat.at(at + 2);
    return flat.texts.slice(start, start + flat.at(at + 3));
  }

  /** When the user was last online, if the service knows. */
  get lastSeen(): Date | undefined {
    const at = this.#at;
    return moment(this.#flat.at(at + 4), this.#flat.at(at + 5));
  }

  /** When the subscription ends; only {@link User.subscribe} answers it. */
  get expiresAt(): Date | undefined {
    const at = this.#at;
    return moment(this.#flat.at(at + 6), this.#flat.at(at + 7));
  }

  /** Whether any device is online or in a custom status. */
  get isOnline(): boolean {
    return this.#flat.at(this.#at + 8) === 1;
  }

  /** The user's devices, in the service's order; empty for a user who was never online. */
  get devices(): readonly DeviceStatus[] {
    return (this.#devices ??= this.#readDevices());
  }

  #readDevices(): readonly DeviceStatus[] {
    const flat = this.#flat;
    const { names } = flat;
    const at = this.#at;
    const next = at + ROW;
    const first = flat.at(at + 9);
    const count = (next < flat.missingAt ? flat.at(next + 9) : flat.devices) - first;
    let start = flat.at(at) + flat.at(at + 1);
    let from = flat.devicesAt + DEVICE * first;
    const devices = new Array<DeviceStatus>(count);
    for (let device = 0; device < count; device += 1, from += DEVICE) {
      const end = start + flat.at(from + 1);
      devices[device] = Object.freeze({
        resource: names.slice(start, end),
        platform: names.slice(start, start + flat.at(from)),
        status: flat.at(from + 3) === 1 ? Status.of(flat.at(from + 2)) : Status.Unknown,
      });
      start = end;
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
  readonly [ANSWER]: Answer;
  readonly #views: Presence[] = [];
  #places: Map<string, number> | undefined;
  #alone = 0;
  #missing: readonly string[] | undefined;
  #unmatched: readonly Presence[] | undefined;

  private constructor(handle: Handle) {
    this[ANSWER] = new Answer(handle);
  }

  /** @internal */
  static of(handle: Handle): Presences {
    return new Presences(handle);
  }

  /** How many users were answered. */
  get size(): number {
    return this[ANSWER].whole.at(0);
  }

  /** Ids that were asked for and not answered. */
  get missing(): readonly string[] {
    if (this.#missing === undefined) {
      const { names, numbers, missingAt, devicesAt } = this[ANSWER].whole;
      let end = numbers[3] as number;
      const lengths = Array.from(numbers.subarray(missingAt, devicesAt));
      this.#missing = Object.freeze(lengths.map((length) => names.slice(end, (end += length))));
    }
    return this.#missing;
  }

  /** Items that answer no id asked for, under the id that the service gave them. */
  get unmatched(): readonly Presence[] {
    if (this.#unmatched === undefined) {
      const rows = Array.from({ length: this[ANSWER].whole.at(2) }, (_, at) => this.#view(this.size + at));
      this.#unmatched = Object.freeze(rows);
    }
    return this.#unmatched;
  }

  /** One user's presence, found in any letter case; undefined if the user was not asked for or is missing. */
  get(userId: string): Presence | undefined {
    if (typeof userId !== 'string') return undefined;
    const answer = this[ANSWER];
    if (!answer.isHere && this.#alone < ALONE) {
      this.#alone += 1;
      const alone = answer.find(userId);
      return alone && this.#view(alone.first, alone);
    }
    const place = (this.#places ??= this.#index()).get(folded(userId));
    return place === undefined ? undefined : this.#view(place);
  }

  /** Whether the user was answered. */
  has(userId: string): boolean {
    return this.get(userId) !== undefined;
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

  #view(row: number, flat = this[ANSWER].whole): Presence {
    return (this.#views[row] ??= new Presence(this[ANSWER], row, flat));
  }

  #index(): Map<string, number> {
    const places = new Map<string, number>();
    for (let row = 0; row < this.size; row += 1) places.set(folded(this.#view(row).userId), row);
    return places;
  }
}

/** @internal Presences that are no answer to a list of ids. */
export function listed(form: FlatForm): Presence[] {
  const flat = new Flat(form);
  const answer = new Answer(undefined, flat);
  return Array.from({ length: flat.at(0) }, (_, row) => new Presence(answer, row, flat));
}

/** @internal The one presence in an answer about one user. */
export function single(form: FlatForm): Presence {
  const flat = new Flat(form);
  return new Presence(new Answer(undefined, flat), 0, flat);
}
