// How far a call on many users is, and who is told of it.

/** How far a call on many users is. */
export interface Progress {
  /** Users whose outcome is known, failed ones included. */
  readonly done: number;
  /** Users in all, where that is known: not for an iterable without a length. */
  readonly total: number | undefined;
  /** Users for whom the call failed. */
  readonly failed: number;
  /** How long it has taken so far, in milliseconds. */
  readonly elapsedMs: number;
  /** Users a second, on average. */
  readonly rate: number;
  /** About the time that is left, at that rate, in milliseconds; once there is a rate and the total is known. */
  readonly etaMs: number | undefined;
}

/** @internal */
export type OnProgress = (progress: Progress) => void;

/**
 * Tells a function of the progress, given as it crosses; the function for the next time. One that throws is told of by
 * a process warning and not called again: the call goes on.
 *
 * @internal
 */
export function reported(onProgress: OnProgress | undefined, json: string): OnProgress | undefined {
  if (onProgress === undefined) return undefined;
  const [done, total, failed, elapsedMs, rate, etaMs] = JSON.parse(json) as [
    number,
    number | null,
    number,
    number,
    number,
    number | null,
  ];
  try {
    onProgress({ done, total: total ?? undefined, failed, elapsedMs, rate, etaMs: etaMs ?? undefined });
    return onProgress;
  } catch (problem) {
    process.emitWarning(`onProgress threw: ${String(problem)}; it is not called again`, 'EasemobPresenceWarning');
    return undefined;
  }
}
