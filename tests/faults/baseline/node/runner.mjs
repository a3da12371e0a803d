// Makes the calls of the fault suite with the client written by hand.

import { forgetPeak, now, settled } from '../../node/held.mjs';
import { read, write } from '../../node/lines.mjs';
import { ApiError, Client } from './presence.mjs';

const SENT = { no: 'not_applied', yes: 'rejected' };

function presence({ uid, ext = '', status }) {
  const devices = Object.entries(status ?? {}).map(([name, value]) => [name, Number(value)]);
  return { user: uid, ext, devices: Object.fromEntries(devices), online: false };
}

function presences(items, asked) {
  const byId = new Map(items.map((item) => [item.uid.toLowerCase(), presence(item)]));
  const found = asked.map((id) => byId.get(id.toLowerCase())).filter((one) => one !== undefined);
  const missing = asked.filter((id) => !byId.has(id.toLowerCase()));
  const unmatched = [...byId.values()].filter((one) => !found.includes(one));
  return { found, missing, unmatched };
}

function checkOk(result) {
  if (result !== 'ok') throw new ApiError('rejected', String(result), { sent: 'yes', status: 200 });
}

async function answered(client, call, signal) {
  const { op, ids = [] } = call;
  const own = `/users/${encodeURIComponent(call.user ?? '')}`;
  switch (op) {
    case 'set': {
      const path = `${own}/presence/${encodeURIComponent(call.resource)}/${call.status}`;
      return checkOk(await client.call('set', 'POST', path, { ext: call.ext ?? '' }, signal));
    }
    case 'get':
      return presences(await client.call('get', 'POST', `${own}/presence`, { usernames: ids }, signal), ids).found[0];
    case 'get_many':
      return presences(await client.call('get', 'POST', `${own}/presence`, { usernames: ids }, signal), ids);
    case 'subscribe': {
      const path = `${own}/presence/${call.ttl_s}`;
      return presences(await client.call('subscribe', 'POST', path, { usernames: ids }, signal), ids);
    }
    case 'unsubscribe':
      return checkOk(await client.call('unsubscribe', 'DELETE', `${own}/presence`, ids, signal));
    case 'subscriptions': {
      const users = [];
      for (let page = 1; ; page += 1) {
        const path = `${own}/presence/sublist?pageNum=${page}&pageSize=${call.page_size ?? 100}`;
        const { sublist } = await client.call('list', 'GET', path, undefined, signal);
        users.push(...sublist.map(({ uid }) => uid));
        if (sublist.length === 0) return users;
      }
    }
    case 'app_token':
      await client.token(AbortSignal.timeout(10_000));
      return 'token';
    default:
      throw new ApiError('unsupported', op, { sent: 'no' });
  }
}

async function make(client, call) {
  const began = performance.now();
  const cancel = call.cancel_ms === undefined ? undefined : new AbortController();
  const timer = cancel && setTimeout(() => cancel.abort(), call.cancel_ms);
  const ended = { item: call.item };
  try {
    Object.assign(ended, { outcome: 'applied', answer: (await answered(client, call, cancel?.signal)) ?? null });
  } catch (error) {
    console.error(error);
    if (cancel?.signal.aborted) ended.outcome = 'cancelled';
    else if (error instanceof ApiError) {
      const { kind, sent, status, message } = error;
      Object.assign(ended, { outcome: SENT[sent] ?? 'unknown', kind, sent, status, message });
    } else Object.assign(ended, { outcome: 'unknown', kind: error.name, message: error.message });
  }
  clearTimeout(timer);
  return { ...ended, ms: performance.now() - began };
}

async function run(job) {
  const before = now();
  forgetPeak();
  let client = new Client(job);
  const outcomes = [];
  for (const [number, phase] of job.phases.entries()) {
    const waiting = phase.calls.values();
    const line = async () => {
      for (const call of waiting) outcomes.push(await make(client, call));
    };
    await Promise.all(Array.from({ length: phase.concurrency || phase.calls.length }, line));
    if (number + 1 < job.phases.length) {
      write({ phase_done: number });
      await read();
    }
  }
  const closing = performance.now();
  await client.close();
  const closeMs = performance.now() - closing;
  client = undefined;
  return { id: job.id, outcomes, close_ms: closeMs, before, after: await settled(before) };
}

for (let job = await read(); job !== undefined; job = await read()) {
  console.error('===', job.case);
  write(await run(job));
}
