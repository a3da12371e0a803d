// The same classes as for `require`.
export * from './testing.js';
