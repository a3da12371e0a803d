// What is asked, and what a client must have read for its call to count.

export const IDS = Array.from({ length: 100 }, (_, number) => `user${String(number).padStart(6, '0')}`);
export const DEVICE = 'android_123423453246';
export const EXT = 'busy';

// The sums over ids' lengths, times, texts' lengths, devices' names' lengths and statuses of what the mock answers.
const TOUCHED = 1_000 + 164_446_606_300 + 1_120 + 6_600 + 10_500;

export function touchedIsRight(total) {
  if (total !== TOUCHED) throw new Error(`read ${total}, not ${TOUCHED}`);
}

/** The number of devices of the fourth user, and the text of the seventieth. */
export function fewIsRight(devices, text) {
  if (devices !== 3 || text !== '外出就餐') throw new Error(`read ${devices} devices and ${text}`);
}

export function oneIsRight(devices) {
  if (devices !== 3) throw new Error(`read ${devices} devices`);
}
