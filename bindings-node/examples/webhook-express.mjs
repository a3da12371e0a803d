// Receives the service's callbacks with Express: who logs in and out, on which device, as it happens.
//
//     npm install easemob-presence express
//     EASEMOB_WEBHOOK_SECRET=… PORT=8080 node webhook-express.mjs
//
// In the service's console make a rule for login and logout, with the address of this server and the path /callbacks; the
// rule's secret goes into the environment.

import { pathToFileURL } from 'node:url';

import express from 'express';

import { DecodeError, InvalidSignatureError, Webhook } from 'easemob-presence';

/** The server. Each callback that is genuine goes to `accept`, once. */
export function create(webhook, accept) {
  const app = express();
  // The bytes as they came: what a parser made of the JSON could not be checked.
  app.post('/callbacks', express.raw({ type: () => true, limit: '64kb' }), async (request, response) => {
    let callback;
    try {
      callback = webhook.parse(request.body ?? '');
    } catch (error) {
      if (error instanceof InvalidSignatureError) return response.sendStatus(401);
      if (error instanceof DecodeError) return response.sendStatus(400);
      throw error;
    }
    if (callback === undefined) return response.sendStatus(200); // a repeat
    try {
      await accept(callback);
    } catch (error) {
      // Answered with 500, the service delivers it once more, and then it must not be taken for a repeat.
      webhook.forget(callback.callId);
      throw error;
    }
    return response.sendStatus(200);
  });
  return app;
}

/** What this server does with a callback. */
function show({ timestamp, userId, online, resource, reason }) {
  const time = timestamp.toISOString().slice(11, 19);
  console.log(`${time} ${userId} is ${online ? 'online' : 'offline'} on ${resource} (${reason})`);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const server = create(new Webhook(process.env.EASEMOB_WEBHOOK_SECRET ?? ''), show).listen(process.env.PORT ?? 8080, () => {
    console.log(`listening on port ${server.address().port}`);
  });
}
