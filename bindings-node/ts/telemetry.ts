// What the client tells about its calls: to a logger, and to whoever listens on its diagnostics channels.

import { channel } from 'node:diagnostics_channel';

/**
 * Where a client writes what it does: `console`, or anything with the same methods. Each gets a sentence and an object
 * with details, in which there is no secret and no user id.
 */
export interface Logger {
  /** Each call that succeeded. */
  debug?(message: string, details: object): void;
  /** Each call that failed. */
  warn?(message: string, details: object): void;
}

/**
 * What subscribers of the diagnostics channels get. `easemob-presence:call:start` publishes it when a call begins,
 * `easemob-presence:call:end` publishes the same object when it has ended.
 */
export interface CallEvent {
  /** The operation's name (`set`, `get_many`, …), the same in every language. */
  readonly operation: string;
  /** How long the call took, in milliseconds; set at its end. */
  durationMs?: number;
  /** What it was rejected with, if it was; set at its end. */
  error?: unknown;
}

const started = channel('easemob-presence:call:start');
const ended = channel('easemob-presence:call:end');

/** @internal Whether anyone wants to know. */
export function isWatched(logger: Logger | undefined): boolean {
  return logger !== undefined || started.hasSubscribers || ended.hasSubscribers;
}

/** @internal Tells of one call, from its start to its end. */
export async function watched<T>(operation: string, logger: Logger | undefined, call: () => Promise<T>): Promise<T> {
  const event: CallEvent = { operation };
  const begin = performance.now();
  started.publish(event);
  try {
    return await call();
  } catch (error) {
    event.error = error;
    throw error;
  } finally {
    event.durationMs = performance.now() - begin;
    ended.publish(event);
    if (logger !== undefined) log(logger, event);
  }
}

function log(logger: Logger, { operation, durationMs = 0, error }: CallEvent): void {
  const took = `${durationMs.toFixed(1)} ms`;
  try {
    if (error === undefined) logger.debug?.(`${operation} took ${took}`, { operation, durationMs });
    else logger.warn?.(`${operation} failed after ${took}: ${String(error)}`, { operation, durationMs, error });
  } catch (problem) {
    once(logger, problem);
  }
}

const reported = new WeakSet<object>();

/** A logger that throws is told of once; the call is none the worse for it. */
function once(logger: Logger, problem: unknown): void {
  if (reported.has(logger)) return;
  reported.add(logger);
  process.emitWarning(`the logger threw: ${String(problem)}`, 'EasemobPresenceWarning');
}
