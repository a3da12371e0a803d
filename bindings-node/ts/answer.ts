// Answers in the form in which they cross: two texts and one list of numbers. `../src/presences.rs` is the other side.

import { native } from './native.js';

/** @internal Numbers before the first row: users found, ids missing, items unmatched, where the ids missing start. */
export const HEADER = 4;
/**
 * @internal Id start and length, text start and length, last seen and expires at in ms (upper and lower half; 0 for none),
 * online, devices so far.
 */
export const ROW = 10;
/** @internal Length of the platform, length of the key that it begins, status, whether that is known. */
export const DEVICE = 4;

/** @internal The native end of an answer. */
export type Handle = Parameters<typeof native.allPresences>[0];
/** @internal Names, texts, numbers. */
export type FlatForm = readonly [names: string, texts: string, numbers: Uint32Array];

/** @internal Some users of an answer. */
export class Flat {
  readonly names: string;
  readonly texts: string;
  readonly numbers: Uint32Array;
  /** The row of its first user in the whole answer. */
  readonly first: number;

  constructor([names, texts, numbers]: FlatForm, first = 0) {
    this.names = names;
    this.texts = texts;
    this.numbers = numbers;
    this.first = first;
  }

  at(index: number): number {
    return this.numbers[index] as number;
  }

  /** Where the lengths of the missing ids begin. */
  get missingAt(): number {
    return HEADER + ROW * (this.at(0) + this.at(2));
  }

  get devicesAt(): number {
    return this.missingAt + this.at(1);
  }

  /** How many devices there are. */
  get devices(): number {
    return (this.numbers.length - this.devicesAt) / DEVICE;
  }
}

// Under a symbol, not a private field: see `Presence`.
const CONTENT: unique symbol = Symbol('content');
/** One for all answers: comparing fetches what is compared. */
const SEEN = {
  enumerable: true,
  get(this: Answer): Flat {
    return this.whole;
  },
};

/** @internal A whole answer, here or still on the other side. */
export class Answer {
  #handle: Handle | undefined;
  #whole: Flat | undefined;

  constructor(handle: Handle | undefined, whole?: Flat) {
    this.#handle = handle;
    this.#whole = whole;
    Object.defineProperty(this, CONTENT, SEEN);
  }

  get whole(): Flat {
    if (this.#whole === undefined) {
      this.#whole = new Flat(native.allPresences(this.#handle as Handle) as unknown as FlatForm);
      this.#handle = undefined;
    }
    return this.#whole;
  }

  get isHere(): boolean {
    return this.#whole !== undefined;
  }

  /** One user alone, of an answer that is not here. */
  find(userId: string): Flat | undefined {
    const found = native.findPresence(this.#handle as Handle, userId) as unknown as [...FlatForm, number] | null;
    return found === null ? undefined : new Flat(found as unknown as FlatForm, found[3]);
  }
}
