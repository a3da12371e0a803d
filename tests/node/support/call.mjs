// One call as the cases describe it, and its value in the cases' form.

import { Status } from 'easemob-presence';

import { only } from './files.mjs';

const PARAMETERS = {
  set: ['user', 'resource', 'status', 'ext'],
  subscribe: ['user', 'ids', 'ttl_seconds'],
  get: ['user', 'id'],
  get_many: ['user', 'ids'],
  iter_many: ['user', 'ids'],
  unsubscribe: ['user', 'ids'],
  subscriptions: ['user', 'page_size'],
  subscriptions_page: ['user', 'page', 'page_size'],
  devices: ['user'],
  is_online: ['user'],
  online_states: ['ids'],
  group_online_count: ['group_id', 'group_kind'],
  app_token: [],
};

const KINDS = { group: 'group', super_community_server: 'superCommunityServer' };

/** The name under which the call's errors report it. */
export function operationOf({ operation }) {
  return { subscriptions_page: 'subscriptions', app_token: 'token', iter_many: 'get_many' }[operation] ?? operation;
}

function text(given) {
  return typeof given === 'object' && given !== null ? given.repeat.repeat(given.times) : given;
}

/** Ids as the cases write them. */
export function ids(given) {
  if (Array.isArray(given)) return given.flatMap(ids);
  if (given.numbered === undefined) return [text(given)];
  return Array.from({ length: given.to - given.from + 1 }, (_, at) => `${given.numbered}${given.from + at}`);
}

function given(options) {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

async function all(iterable) {
  const items = [];
  for await (const item of iterable) items.push(item);
  return items;
}

async function* asynchronous(list) {
  yield* list;
}

/** What each request brought; the iterator goes on after a rejection. */
async function items(answers) {
  const got = [];
  for (;;) {
    try {
      for await (const presences of answers) got.push({ ids: [...presences.keys()] });
      return got;
    } catch (error) {
      got.push(error);
    }
  }
}

/** Makes the call: `{ value }` in the cases' form, or `{ error }`. */
export async function make(call, client) {
  const { operation } = call;
  if (!Object.hasOwn(PARAMETERS, operation)) throw new Error(`there is no operation ${operation}`);
  only(call, ['operation', ...PARAMETERS[operation]], operation);
  try {
    return { value: await value(call, client) };
  } catch (error) {
    return { error };
  }
}

async function value(call, client) {
  const user = call.user === undefined ? undefined : client.user(text(call.user));
  const pageSize = given({ pageSize: call.page_size });
  switch (call.operation) {
    case 'set': {
      const status = call.status === null ? Status.Unknown : call.status;
      return none(await user.set(status, given({ resource: text(call.resource), ext: text(call.ext) })));
    }
    case 'subscribe':
      return presences(await user.subscribe(ids(call.ids), given({ ttlSeconds: call.ttl_seconds })));
    case 'get':
      return presence(await user.get(text(call.id)));
    case 'get_many':
      return presences(await user.getMany(ids(call.ids)));
    case 'iter_many':
      return items(user.iterMany(asynchronous(ids(call.ids))));
    case 'unsubscribe':
      return none(await user.unsubscribe(ids(call.ids)));
    case 'subscriptions':
      return (await all(user.subscriptions(pageSize))).map(subscription);
    case 'subscriptions_page': {
      const page = await user.subscriptionsPage(call.page, pageSize);
      return { total: page.total ?? null, subscriptions: page.subscriptions.map(subscription) };
    }
    case 'devices':
      return (await user.devices()).map((device) => ({
        resource: device.resource,
        device_uuid: device.deviceUuid ?? null,
        device_name: device.deviceName ?? null,
      }));
    case 'is_online':
      return user.isOnline();
    case 'online_states': {
      const states = await client.onlineStates(ids(call.ids));
      return { states: [...states].map(([user_id, online]) => ({ user_id, online })), missing: [...states.missing] };
    }
    case 'group_online_count':
      return client.groupOnlineCount(text(call.group_id), given({ kind: KINDS[call.group_kind] }));
    case 'app_token':
      return { token: (await client.appToken()).expose() };
  }
}

function none(result) {
  if (result !== undefined) throw new Error(`a call without a value gave ${result}`);
  return null;
}

function seconds(date) {
  return date === undefined ? null : date.getTime() / 1000;
}

/** A presence as the cases write it. */
export function presence(one) {
  return {
    user_id: one.userId,
    devices: one.devices.map(({ resource, platform, status }) => ({ resource, platform, status: status.toJSON() })),
    ext: one.ext,
    last_seen: seconds(one.lastSeen),
    expires_at: seconds(one.expiresAt),
    is_online: one.isOnline,
  };
}

function presences(all) {
  return {
    presences: [...all.values()].map(presence),
    missing: [...all.missing],
    unmatched: all.unmatched.map(presence),
  };
}

function subscription({ userId, expiresAt }) {
  return { user_id: userId, expires_at: seconds(expiresAt) };
}
