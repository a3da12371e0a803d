// Answers a get of 100 users with three devices each from precomputed bytes, in a process of its own.

import { createServer } from 'node:net';

export const IDS = Array.from({ length: 100 }, (_, at) => `user${String(at).padStart(6, '0')}`);

export const BODY = JSON.stringify({
  result: IDS.map((uid) => ({
    uid,
    last_time: '1644466162',
    ext: 'in a meeting',
    status: { android_6b5610ac: '1', ios_4e114661: '0', web_82b3dee1: '104' },
  })),
});

const ANSWER = `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;

if (process.send !== undefined) {
  const server = createServer({ noDelay: true }, (socket) => {
    let received = '';
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      for (;;) {
        const end = received.indexOf('\r\n\r\n');
        const length = Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0);
        if (end < 0 || received.length < end + 4 + length) return;
        received = received.slice(end + 4 + length);
        socket.write(ANSWER);
      }
    });
  });
  server.listen(0, '127.0.0.1', () => process.send(server.address().port));
  process.on('disconnect', () => process.exit(0));
}
