// The workloads through other people's HTTP clients, mapped to typed values: numbers as numbers, devices in a map.

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { readFileSync } from 'node:fs';

import { readJob, run } from '../../node/support/run.mjs';
import { DEVICE, EXT, IDS, fewIsRight, oneIsRight, touchedIsRight } from '../../node/support/workloads.mjs';

const HEADERS = { authorization: 'Bearer YWMtBenchmarkBenchmarkBenchmark', 'content-type': 'application/json' };
const CONNECTIONS = 64;

const job = readJob();
const ca = job.secure ? readFileSync(job.authority) : undefined;
const APP = '/org/app';

/** Each is set up as its documents advise: `post` sends a value and answers the parsed body of a success. */
const CLIENTS = {
  async 'undici-pool'() {
    const { Pool } = await import('undici');
    const pool = new Pool(job.url, { connections: CONNECTIONS, connect: { ca } });
    const post = async (path, value) => {
      const { statusCode, body } = await pool.request({ path, method: 'POST', headers: HEADERS, body: JSON.stringify(value) });
      if (statusCode !== 200) throw new Error(String(statusCode));
      return body.json();
    };
    return { post, close: () => pool.destroy() };
  },
  async 'undici-fetch'() {
    const { Agent, fetch: undiciFetch } = await import('undici');
    const dispatcher = new Agent({ connections: CONNECTIONS, connect: { ca } });
    return { post: fetched(undiciFetch, { dispatcher }), close: () => dispatcher.destroy() };
  },
  async fetch() {
    return { post: fetched(fetch, {}), close() {} };
  },
  async axios() {
    const { default: axios } = await import('axios');
    const agents = keptAlive();
    const client = axios.create({ ...agents, proxy: false, headers: HEADERS });
    const post = async (path, value) => (await client.post(job.url + path, value)).data;
    return { post, close: () => Object.values(agents).forEach((agent) => agent.destroy()) };
  },
  async got() {
    const { default: got } = await import('got');
    const { httpAgent: http, httpsAgent: https } = keptAlive();
    const client = got.extend({ agent: { http, https }, headers: HEADERS, https: { certificateAuthority: ca } });
    const post = (path, json) => client.post(job.url + path, { json }).json();
    return { post, close: () => [http, https].forEach((agent) => agent.destroy()) };
  },
};

function fetched(fetch, options) {
  return async (path, value) => {
    const body = JSON.stringify(value);
    const response = await fetch(job.url + path, { method: 'POST', headers: HEADERS, body, ...options });
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  };
}

function keptAlive() {
  const options = { keepAlive: true, maxSockets: CONNECTIONS };
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent({ ...options, ca }) };
}

function typed({ result }) {
  return result.map(({ uid, last_time, ext, status }) => {
    const devices = new Map();
    for (const device in status) devices.set(device, Number(status[device]));
    return { userId: uid, lastTime: Number(last_time), ext, devices };
  });
}

function touch(users) {
  let total = 0;
  for (const { userId, lastTime, ext, devices } of users) {
    total += userId.length + lastTime + ext.length;
    for (const [device, status] of devices) total += device.length + status;
  }
  touchedIsRight(total);
}

function few(users) {
  fewIsRight(users[3].devices.size, users[69].ext);
}

const { post, close } = await CLIENTS[job.client]();
const get = async (user, usernames) => typed(await post(`${APP}/users/${user}/presence`, { usernames }));

const CALLS = {
  async set(caller) {
    const { result } = await post(`${APP}/users/${IDS[caller]}/presence/${DEVICE}/1`, { ext: EXT });
    if (result !== 'ok') throw new Error(result);
  },
  get: async (caller) => oneIsRight((await get(IDS[caller], [IDS[caller]]))[0].devices.size),
  get100: async (caller) => few(await get(IDS[caller], IDS)),
  touched: async (caller) => touch(await get(IDS[caller], IDS)),
};

await run(job, CALLS[job.workload], close);
