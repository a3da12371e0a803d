// This environment's promises, by the id under which their calls were submitted. See `../src/bridge.rs`.

import { native } from './native.js';
import { reported, type OnProgress } from './progress.js';
import type { TokenSource } from './token-source.js';

/** @internal How a call ended: its value, or its failure. */
export interface Ended {
  succeeded: boolean;
  value: unknown;
}

class Pending implements Ended {
  succeeded = false;
  value: unknown = undefined;
  readonly #resolve: (ended: Ended) => void;
  readonly reject: (reason: unknown) => void;
  #onProgress: OnProgress | undefined;

  constructor(resolve: (ended: Ended) => void, reject: (reason: unknown) => void, onProgress: OnProgress | undefined) {
    this.#resolve = resolve;
    this.reject = reject;
    this.#onProgress = onProgress;
  }

  tell(progress: string): void {
    this.#onProgress = reported(this.#onProgress, progress);
  }

  settle(succeeded: boolean, value: unknown): void {
    this.succeeded = succeeded;
    this.value = value;
    this.#resolve(this);
  }
}

const pending = new Map<number, Pending>();
const tokenSources = new Map<number, WeakRef<TokenSource>>();
let lastId = 0;

/** @internal */
export const bridge = new native.Bridge(settleAll);

function settleAll(): void {
  const rows = bridge.drain() as unknown[];
  for (let at = 0; at < rows.length; at += 3) {
    const id = rows[at] as number;
    const succeeded = rows[at + 1] as boolean | null | undefined;
    if (succeeded === undefined) {
      tokenSources.get(id)?.deref()?.ask(rows[at + 2] as number);
      continue;
    }
    const call = pending.get(id);
    // None: it was aborted while its outcome was on the way.
    if (call === undefined) continue;
    if (succeeded === null) {
      call.tell(rows[at + 2] as string);
      continue;
    }
    pending.delete(id);
    call.settle(succeeded, rows[at + 2]);
  }
}

/**
 * Submits a call and waits for its end. The process stays alive for it. An aborted signal drops the native call, and
 * with it the request, and rejects with the signal's reason.
 *
 * @internal
 */
export function submit(
  start: (id: number) => void,
  signal: AbortSignal | undefined,
  onProgress?: OnProgress,
): Promise<Ended> {
  return signal === undefined ? pend(start, onProgress) : abortable(start, signal, onProgress);
}

async function abortable(
  start: (id: number) => void,
  signal: AbortSignal,
  onProgress: OnProgress | undefined,
): Promise<Ended> {
  signal.throwIfAborted();
  let id = 0;
  const ended = pend((given) => {
    id = given;
    start(given);
  }, onProgress);
  const listening = listen(signal, id);
  try {
    return await ended;
  } finally {
    listening.ids.delete(id);
    if (listening.ids.size === 0) {
      listeners.delete(signal);
      signal.removeEventListener('abort', listening.abort);
    }
  }
}

interface Listening {
  readonly ids: Set<number>;
  readonly abort: () => void;
}

/** One listener for each signal, however many calls it is given to: Node warns of more than ten. */
const listeners = new WeakMap<AbortSignal, Listening>();

function listen(signal: AbortSignal, id: number): Listening {
  let listening = listeners.get(signal);
  if (listening === undefined) {
    const ids = new Set<number>();
    listening = { ids, abort: () => abort(ids, signal.reason) };
    listeners.set(signal, listening);
    signal.addEventListener('abort', listening.abort, { once: true });
  }
  listening.ids.add(id);
  return listening;
}

function abort(ids: ReadonlySet<number>, reason: unknown): void {
  for (const id of ids) {
    const call = pending.get(id);
    // None: its outcome is here already.
    if (call === undefined) continue;
    pending.delete(id);
    bridge.cancel(id);
    call.reject(reason);
  }
}

function pend(start: (id: number) => void, onProgress: OnProgress | undefined): Promise<Ended> {
  do lastId = (lastId + 1) >>> 0;
  while (pending.has(lastId));
  const id = lastId;
  return new Promise<Ended>((resolve, reject) => {
    // First, so that a refusal of the arguments leaves nothing behind.
    start(id);
    // Outcomes arrive in a later turn of the event loop, never before this.
    pending.set(id, new Pending(resolve, reject, onProgress));
  });
}

/** @internal How many calls of this environment are under way. */
export function pendingCalls(): number {
  return pending.size;
}

let lastTokenSource = 0;
const forget = new FinalizationRegistry<number>((number) => tokenSources.delete(number));

/** @internal Gives a token source the number under which its client asks for tokens. Does not keep it alive. */
export function register(source: TokenSource): number {
  lastTokenSource += 1;
  tokenSources.set(lastTokenSource, new WeakRef(source));
  forget.register(source, lastTokenSource);
  return lastTokenSource;
}
