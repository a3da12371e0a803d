// A client as a careful engineer writes it in an afternoon: undici, p-retry, bottleneck. For comparison only.

import Bottleneck from 'bottleneck';
import pRetry, { AbortError } from 'p-retry';
import { Agent, request } from 'undici';

const RETRYABLE = new Set([408, 425, 429, 500, 502, 503, 504]);

export class ApiError extends Error {
  constructor(kind, message, { sent, status, waitMs, cause } = {}) {
    super(message, { cause });
    Object.assign(this, { kind, sent, status, waitMs });
  }

  get retryable() {
    if (this.message.includes('resource_limited')) return false;
    return RETRYABLE.has(this.status) || this.kind === 'connect' || this.kind === 'timeout';
  }
}

export class Client {
  #base;
  #agent;
  #credentials;
  #token;
  #asking;
  #limits = new Map();
  #options;

  constructor(job) {
    const { options } = job;
    this.#base = `${job.host}/${job.app_key.replace('#', '/')}`;
    this.#credentials = { client_id: job.client_id, client_secret: job.client_secret };
    this.#token = job.app_token;
    this.#options = {
      timeout: options.timeout_ms ?? 30_000,
      attempt: options.attempt_timeout_ms ?? 10_000,
      attempts: options.max_attempts ?? 4,
      rate: options.rate_limits === 'off' ? undefined : Number(options.rate_limits) || 50,
    };
    this.#agent = new Agent({
      connections: 100,
      connect: { timeout: options.connect_timeout_ms ?? 3_000, ca: job.root_certificate },
      maxResponseSize: 4 * 1024 * 1024,
    });
  }

  close() {
    return this.#agent.destroy();
  }

  async #fetch(method, path, body, token, signal) {
    try {
      const response = await request(this.#base + path, {
        method,
        dispatcher: this.#agent,
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#options.attempt)]),
        headers: {
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const status = response.statusCode;
      const text = await response.body.text();
      if (status !== 200) {
        const kind = { 401: 'auth', 429: 'rate_limited' }[status] ?? 'http';
        const seconds = Number(response.headers['retry-after']);
        const waitMs = Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined;
        throw new ApiError(kind, `${status}: ${text}`, { sent: 'yes', status, waitMs });
      }
      try {
        return JSON.parse(text);
      } catch (cause) {
        throw new ApiError('decode', `not JSON: ${text.slice(0, 200)}`, { sent: 'yes', status, cause });
      }
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (signal.aborted) throw new ApiError('timeout', 'the call timed out', { sent: 'maybe', cause: error });
      if (error.name === 'TimeoutError' || error.name === 'AbortError') {
        throw new ApiError('timeout', 'the attempt timed out', { sent: 'maybe', cause: error });
      }
      const refused = ['ECONNREFUSED', 'ENOTFOUND', 'UND_ERR_CONNECT_TIMEOUT'].includes(error.code);
      throw new ApiError('connect', error.message, { sent: refused ? 'no' : 'maybe', cause: error });
    }
  }

  async token(signal, refused) {
    if (this.#token !== undefined && this.#token !== refused) return this.#token;
    // One call for all who wait.
    this.#asking ??= this.#fetch('POST', '/token', { grant_type: 'client_credentials', ...this.#credentials }, undefined, signal)
      .then(({ access_token: token }) => (this.#token = token))
      .finally(() => (this.#asking = undefined));
    return this.#asking;
  }

  async #once(endpoint, method, path, body, signal) {
    const { rate } = this.#options;
    if (rate !== undefined) {
      let limit = this.#limits.get(endpoint);
      if (limit === undefined) {
        limit = new Bottleneck({ reservoir: rate, reservoirRefreshAmount: rate, reservoirRefreshInterval: 1000 });
        this.#limits.set(endpoint, limit);
      }
      return limit.schedule(() => this.#authorized(method, path, body, signal));
    }
    return this.#authorized(method, path, body, signal);
  }

  async #authorized(method, path, body, signal) {
    const token = await this.token(signal);
    try {
      return await this.#fetch(method, path, body, token, signal);
    } catch (error) {
      if (error.status !== 401) throw error;
    }
    return this.#fetch(method, path, body, await this.token(signal, token), signal);
  }

  /** Makes a call, again where that may help, within one deadline. */
  async call(endpoint, method, path, body, cancel) {
    const deadline = AbortSignal.timeout(this.#options.timeout);
    const signal = cancel === undefined ? deadline : AbortSignal.any([deadline, cancel]);
    const once = async () => {
      try {
        return await this.#once(endpoint, method, path, body, signal);
      } catch (error) {
        if (!error.retryable || signal.aborted) throw new AbortError(error);
        if (error.waitMs !== undefined) await new Promise((resolve) => setTimeout(resolve, error.waitMs));
        throw error;
      }
    };
    const retries = { retries: this.#options.attempts - 1, minTimeout: 50, maxTimeout: 8_000, randomize: true, signal };
    try {
      return (await pRetry(once, retries)).result;
    } catch (error) {
      throw error instanceof ApiError ? error : new ApiError('timeout', String(error), { sent: 'maybe', cause: error });
    }
  }
}
