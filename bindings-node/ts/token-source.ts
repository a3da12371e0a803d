// A client's token provider: asked by the core through the bridge, never twice at a time.

import { refusal, shown } from './errors.js';
import type { NativeClient } from './native.js';

/** A token with its lifetime, where that is known: a little before its end a new one is asked for. */
export interface ProvidedToken {
  /** The app token. */
  readonly token: string;
  /** How long it lives from now on, in milliseconds. */
  readonly expiresInMs?: number | undefined;
}

/**
 * Gives app tokens that your own system keeps. Called when the client has no token, a little before the end of one
 * with a known lifetime, and after the service has refused one; never twice at a time. What it throws becomes the
 * `cause` of the error of the calls that waited for it.
 */
export type TokenProvider = () => string | ProvidedToken | Promise<string | ProvidedToken>;

/** What was thrown is kept until the calls that waited have told it. */
const KEPT_FAILURES = 16;

/** @internal */
export class TokenSource {
  readonly #provider: TokenProvider;
  readonly #failures = new Map<number, unknown>();
  #client: NativeClient | undefined;

  constructor(provider: TokenProvider) {
    this.#provider = provider;
  }

  /** Says where answers go. */
  answerTo(client: NativeClient): void {
    this.#client = client;
  }

  /** Asks the provider, in a turn of its own: whatever it does must not disturb the calls that settle in this one. */
  ask(request: number): void {
    void Promise.resolve().then(async () => {
      try {
        const { token, expiresInMs } = checked(await this.#provider());
        this.#client?.answerToken(request, token, expiresInMs);
      } catch (error) {
        this.#failures.set(request, error);
        for (const old of this.#failures.keys()) {
          if (this.#failures.size <= KEPT_FAILURES) break;
          this.#failures.delete(old);
        }
        this.#client?.answerToken(request, undefined, undefined);
      }
    });
  }

  /** What the provider threw when it was asked. */
  thrown(request: number): unknown {
    return this.#failures.get(request);
  }
}

function checked(given: unknown): ProvidedToken {
  const provided = typeof given === 'string' ? { token: given } : (given as ProvidedToken | undefined | null);
  if (typeof provided?.token !== 'string') {
    // Without the value: it may hold the token in another form.
    throw refusal('config', 'the token provider must give a string, or an object with a string as its token');
  }
  const { expiresInMs } = provided;
  if (expiresInMs !== undefined && !(typeof expiresInMs === 'number' && expiresInMs >= 0)) {
    throw refusal('config', `expiresInMs must be a number from 0 on, not ${shown(expiresInMs)}`);
  }
  return provided;
}
