// A server that answers exact bytes, one request to a connection, and remembers what it was asked.

import { once } from 'node:events';
import { createServer } from 'node:net';

/** An answer of HTTP/1.1, with its length and the end of the connection announced. */
export function http(status, headers, body) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} Canned\r\nConnection: close\r\nContent-Length: ${body.length}\r\n${lines.join('')}\r\n`;
  return Buffer.concat([Buffer.from(head, 'utf8'), body]);
}

function parsed(buffer) {
  const end = buffer.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first, ...lines] = buffer.subarray(0, end).toString('latin1').split('\r\n');
  const [method, target] = first.split(' ');
  const headers = Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
  );
  const body = buffer.subarray(end + 4);
  if (body.length < Number(headers['content-length'] ?? 0)) return undefined;
  return { method, target, headers, body: body.toString('utf8'), bytes: body.length };
}

/**
 * Starts one that answers what `reply(request)` gives: bytes, `'hold'` for nothing while the peer stays, or undefined
 * for closing without a byte.
 */
export async function serve(reply) {
  const seen = { requests: [], connections: 0, closedByPeer: 0 };
  const sockets = new Set();
  const waiting = new Set();
  const tell = () => waiting.forEach((look) => look());
  const server = createServer((socket) => {
    seen.connections += 1;
    sockets.add(socket);
    let received = Buffer.alloc(0);
    let held = false;
    socket.on('error', () => {});
    socket.on('close', () => {
      sockets.delete(socket);
      if (held) seen.closedByPeer += 1;
      tell();
    });
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      const request = parsed(received);
      if (request === undefined) return;
      received = Buffer.alloc(0);
      seen.requests.push(request);
      const answer = reply(request);
      if (answer === 'hold') held = true;
      else if (answer === undefined) socket.destroy();
      else socket.end(answer);
      tell();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    seen,
    url: `http://127.0.0.1:${server.address().port}`,
    /** Waits, on events only, until the condition holds. */
    until: (condition) =>
      new Promise((resolve) => {
        const look = () => {
          if (!condition(seen)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
