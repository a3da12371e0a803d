// The suite's lines, on standard input and output.

import { createInterface } from 'node:readline';

const lines = createInterface({ input: process.stdin, crlfDelay: Infinity })[Symbol.asyncIterator]();

/** The next document; none when there is no more. */
export async function read() {
  const { done, value } = await lines.next();
  return done ? undefined : JSON.parse(value);
}

export function write(document) {
  process.stdout.write(`${JSON.stringify(document)}\n`);
}
