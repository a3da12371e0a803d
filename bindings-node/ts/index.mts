// The same classes as for `require`: a program that has both sees one `PresenceError`, not two.
export * from './index.js';
