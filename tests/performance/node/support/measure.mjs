// Time on the JavaScript thread alone, and medians.

import { readFileSync } from 'node:fs';

const SCHEDSTAT = `/proc/self/task/${process.pid}/schedstat`;

/** Processor time of this thread in µs; where the system does not tell, the time that the loop was busy. */
export function threadTime() {
  try {
    return Number(readFileSync(SCHEDSTAT, 'latin1').split(' ')[0]) / 1_000;
  } catch {
    return performance.eventLoopUtilization().active * 1_000;
  }
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** The median over rounds, with the least and the most, in three digits. */
export function shown(numbers) {
  const [low, mid, high] = [Math.min(...numbers), median(numbers), Math.max(...numbers)].map((n) => Number(n.toPrecision(3)));
  return { median: mid, least: low, most: high };
}
