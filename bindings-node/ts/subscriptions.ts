import { optional, whole, type Place } from './arguments.js';
import type { Subscription } from './models.js';

/** @internal One page after another: the subscriptions that the next one brings, none at the end. */
export interface Pages {
  next(): Promise<readonly Subscription[]>;
  total(): number | undefined;
}

/** What {@link Subscriptions.toList} takes. */
export interface ListOptions {
  /** The most subscriptions to return; all if not given. */
  readonly limit?: number | undefined;
}

const PLACE: Place = { kind: 'invalid_input', operation: 'subscriptions' };

/** All subscriptions of a user, read page by page, for `for await`; see {@link User.subscriptions}. */
export class Subscriptions implements AsyncIterableIterator<Subscription, void, undefined> {
  readonly #open: () => Pages;
  #pages: Pages | undefined;
  #items: AsyncGenerator<Subscription, void, undefined>;

  /** @internal */
  constructor(open: () => Pages) {
    this.#open = open;
    this.#items = this.#read();
  }

  /** How many subscriptions there are, as the latest page counted; none before the first page. */
  get total(): number | undefined {
    return this.#pages?.total();
  }

  /** The next subscription. */
  next(): Promise<IteratorResult<Subscription, void>> {
    return this.#items.next();
  }

  /** Ends the iteration; `for await` calls it when it is left. */
  return(): Promise<IteratorResult<Subscription, void>> {
    return this.#items.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Reads on to the end, or until there are `limit` subscriptions, and no page more than that takes. What the latest
   * page held beyond them comes next.
   *
   * @throws {@link InvalidInputError} for a limit that is no whole number; {@link PresenceError} for what a page ends
   * with, and what was read before it is lost.
   *
   * @example
   * ```ts
   * const subscriptions = client.user('wzy').subscriptions();
   * const first = await subscriptions.toList({ limit: 20 });
   * console.log(first.length, subscriptions.total);
   * ```
   */
  async toList({ limit }: ListOptions = {}): Promise<Subscription[]> {
    const most = optional(whole, limit, 'limit', PLACE) ?? Infinity;
    const list: Subscription[] = [];
    while (list.length < most) {
      const { done, value } = await this.#items.next();
      if (done === true) break;
      list.push(value);
    }
    return list;
  }

  async *#read(): AsyncGenerator<Subscription, void, undefined> {
    this.#pages = this.#open();
    for (;;) {
      const chunk = await this.#pages.next();
      if (chunk.length === 0) return;
      yield* chunk;
    }
  }
}
