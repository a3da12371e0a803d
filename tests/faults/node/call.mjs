// One call.

import { Status } from 'easemob-presence';

import { presence, presences } from './answers.mjs';
import { failed, outcome } from './tell.mjs';

/** Makes it and tells what became of it. */
export async function make(client, call) {
  const began = performance.now();
  const options = {};
  const enough = new Error('the caller gave up');
  let timer;
  if (call.cancel_ms !== undefined) {
    const controller = new AbortController();
    options.signal = controller.signal;
    timer = setTimeout(() => controller.abort(enough), call.cancel_ms);
  }
  try {
    return outcome(call.item, 'applied', began, { answer: (await answered(client, call, options)) ?? null });
  } catch (error) {
    return error === enough ? outcome(call.item, 'cancelled', began) : failed(call.item, began, error);
  } finally {
    clearTimeout(timer);
  }
}

async function answered(client, call, options) {
  const ids = call.ids ?? [];
  switch (call.op) {
    case 'online_states': {
      const states = await client.onlineStates(ids, options);
      return Object.fromEntries(ids.map((id) => [id, states.get(id) ?? null]));
    }
    case 'group_online_count':
      return client.groupOnlineCount(ids[0], options);
    case 'app_token':
      return String(await client.appToken(options));
    default:
      return byUser(client.user(call.user ?? ''), call, ids, options);
  }
}

async function byUser(user, call, ids, options) {
  switch (call.op) {
    case 'set':
      return user.set(Status.custom(call.status), { resource: call.resource ?? '', ext: call.ext ?? '', ...options });
    case 'get':
      return presence(await user.get(ids[0], options));
    case 'get_many':
      return presences(await user.getMany(ids, options));
    case 'subscribe':
      return presences(await user.subscribe(ids, { ttlSeconds: call.ttl_s, ...options }));
    case 'unsubscribe':
      return user.unsubscribe(ids, options);
    case 'subscriptions': {
      const users = [];
      for await (const { userId } of user.subscriptions({ pageSize: call.page_size, ...options })) users.push(userId);
      return users;
    }
    case 'subscriptions_page': {
      const page = await user.subscriptionsPage(call.page ?? 1, { pageSize: call.page_size, ...options });
      return page.subscriptions.map(({ userId }) => userId);
    }
    case 'devices':
      return (await user.devices(options)).map(({ resource }) => resource);
    case 'is_online':
      return user.isOnline(options);
    default:
      throw new Error(`no such call: ${call.op}`);
  }
}
