// What the compiler makes of the public types from CommonJS. Nothing here runs.

import presence = require('easemob-presence');
import testing = require('easemob-presence/testing');

const client: presence.PresenceClient = new testing.Emulator().client();
const call: Promise<presence.Presence> = client.user('wzy').get('c2');
const kind: presence.ErrorKind = 'closed';

void [call, kind];
