// The client that a job asks for.

import { setTimeout as wait } from 'node:timers/promises';

import { PresenceClient } from 'easemob-presence';

/** Where a token provider finds its own client. Emptied after each job, or neither would ever go. */
let own;
let release = () => {};

const NAMES = {
  timeout_ms: 'timeoutMs',
  attempt_timeout_ms: 'attemptTimeoutMs',
  connect_timeout_ms: 'connectTimeoutMs',
  max_attempts: 'maxAttempts',
  rate_limits: 'rateLimits',
  min_token_interval_ms: 'minTokenIntervalMs',
  max_queued: 'maxQueued',
};

export function build(job) {
  const logger = new console.Console(process.stderr);
  // One request for each call, which the judge looks for in the journal.
  const options = { host: job.host, appKey: job.app_key, coalesce: false, logger };
  if (job.app_token !== undefined) options.appToken = job.app_token;
  else if (job.provider !== undefined) options.tokenProvider = provider(job.provider);
  else Object.assign(options, { clientId: job.client_id, clientSecret: job.client_secret });
  if (job.proxy !== undefined) options.proxy = job.proxy;
  if (job.root_certificate !== undefined) options.rootCertificates = job.root_certificate;
  for (const [name, value] of Object.entries(job.options)) options[NAMES[name]] = value;
  const client = new PresenceClient(options);
  if (job.provider !== undefined) own = client;
  return client;
}

/** Ends what providers hold. */
export function forget() {
  own = undefined;
  release();
}

function provider({ behaviour, tokens }) {
  let asked = 0;
  return async () => {
    const token = tokens[Math.min(asked, tokens.length - 1)] ?? '';
    asked += 1;
    if (behaviour === 'raises' || (behaviour === 'raises_once' && asked === 1)) {
      throw new Error("the provider's own failure");
    }
    if (behaviour === 'nothing') return undefined;
    if (behaviour === 'stranger') return 'YWMt-of-somebody-else';
    if (behaviour === 'line_break') return `${token}\r\nx: y`;
    if (behaviour === 'hangs') await new Promise((resolve) => (release = resolve));
    if (behaviour === 'slow') await wait(300);
    if (behaviour === 'reenters' && own !== undefined) {
      await own.appToken({ timeoutMs: 200 }).catch((error) => console.error('the provider asked its own client:', error));
    }
    return token;
  };
}
