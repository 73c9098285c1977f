import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import type { DirectAnswer } from './direct-connection.ts';
import { DirectConnection, UnusualAnswer } from './direct-connection.ts';

interface Rig {
  readonly connection: DirectConnection;
  readonly ends: string[];
  readonly ask: (signal?: AbortSignal) => Promise<DirectAnswer>;
}

/** A server that answers each request as it is told to, and a connection to it. */
async function withServer(
  answer: (socket: Socket, number: number) => void,
  work: (rig: Rig) => Promise<void>,
): Promise<void> {
  let number = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', () => {
      answer(socket, number);
      number += 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ends: string[] = [];
  const connection = new DirectConnection(
    { host: '127.0.0.1', port, tls: undefined, connectTimeout: 2000, readTimeout: 500 },
    { onFree: () => ends.push('free'), onClose: () => ends.push('closed') },
  );
  const ask = async (signal?: AbortSignal): Promise<DirectAnswer> =>
    connection.ask('GET / HTTP/1.1\r\nHost: h\r\n\r\n', signal);
  try {
    await work({ connection, ends, ask });
  } finally {
    connection.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const BODY = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => at % 251));

function headOf(length: number, ...more: string[]): string {
  return ['HTTP/1.1 206 Partial Content', `Content-Length: ${length}`, 'ETag:  "x" ', ...more, '', ''].join('\r\n');
}

/** The body of an answer, put where it is to lie. */
async function bodyOf(answer: DirectAnswer, length = BODY.length): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  await answer.body.readInto(bytes, () => undefined);
  return bytes;
}

test('bodies lie where they are to lie, one answer after the other, however the bytes are cut', async () => {
  const message = Buffer.concat([Buffer.from(headOf(BODY.length)), BODY]);
  const cuts = [1, 20, 65, 66, 67, 68, 69, 70, 71, 72, 73, 100, 64 << 10, 65 << 10, message.length];
  const send = (socket: Socket, number: number): void => {
    const cut = cuts[number] ?? 0;
    socket.write(message.subarray(0, cut));
    setTimeout(() => socket.write(message.subarray(cut)), 5);
  };
  await withServer(send, async ({ ask, ends }) => {
    for (const at of cuts.keys()) {
      const answer = await ask();
      expect(answer).toMatchObject({ status: 206, reason: 'Partial Content', headers: { etag: '"x"' } });
      const told: number[] = [];
      const bytes = Buffer.alloc(BODY.length);
      await answer.body.readInto(bytes, (count) => told.push(count));
      expect(bytes.equals(BODY)).toBe(true);
      expect(told.reduce((sum, count) => sum + count, 0)).toBe(BODY.length);
      expect(ends).toHaveLength(at + 1);
    }
  });
});

test('a body can be read as a stream, also one of nothing', async () => {
  const bodies = [BODY, Buffer.alloc(0), BODY];
  const send = (socket: Socket, number: number): void => {
    const body = bodies[number] ?? Buffer.alloc(0);
    socket.write(Buffer.concat([Buffer.from(headOf(body.length)), body]));
  };
  await withServer(send, async ({ ask, ends }) => {
    for (const body of bodies) {
      const chunks: Buffer[] = [];
      for await (const chunk of (await ask()).body) chunks.push(chunk as Buffer);
      expect(Buffer.concat(chunks).equals(body)).toBe(true);
    }
    expect(ends).toEqual(['free', 'free', 'free']);
  });
});

test.for<[string, (socket: Socket) => void]>([
  ['ends', (socket) => socket.end()],
  ['breaks', (socket) => socket.resetAndDestroy()],
  ['says nothing more', () => undefined],
  [
    'tells more than it said',
    (socket) => {
      socket.write(Buffer.alloc(BODY.length));
    },
  ],
])('a server that %s in the middle of a body is told of as a broken connection', async ([, stop]) => {
  const send = (socket: Socket): void => {
    socket.write(headOf(BODY.length));
    socket.write(BODY.subarray(0, 150_000), () => setTimeout(stop, 20, socket));
  };
  await withServer(send, async ({ ask, ends }) => {
    const answer = await ask();
    let came = 0;
    const read = answer.body.readInto(Buffer.alloc(BODY.length), (count) => {
      came += count;
    });
    if (stop.toString().includes('write')) await read;
    else await expect(read).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(came).toBeGreaterThanOrEqual(150_000);
    await expect.poll(() => ends.at(-1)).toBe('closed');
  });
});

test.for<[string, (socket: Socket) => void, object]>([
  ['ends', (socket) => socket.end(), { code: 'ECONNRESET' }],
  ['breaks', (socket) => socket.resetAndDestroy(), { code: 'ECONNRESET' }],
  ['says nothing', () => undefined, { name: 'TimeoutError' }],
])('a server that %s before its answer is told of as such', async ([, stop, error]) => {
  await withServer(stop, async ({ ask, ends }) => {
    await expect(ask()).rejects.toMatchObject(error);
    await expect.poll(() => ends).toEqual(['closed']);
  });
});

test.for([
  'HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'HTTP/1.1 206 Partial Content\r\n\r\n',
  'HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12',
  'HTTP/1.1 206 Partial Content\r\nContent-Length: -1\r\n\r\n',
  'HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n folded: 1\r\n\r\n1',
  'HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n',
  'HTTP/2 206\r\nContent-Length: 1\r\n\r\n1',
  'HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\n\r\n12',
  `HTTP/1.1 206 Partial Content\r\nx: ${'x'.repeat(70_000)}`,
  'SSH-2.0-OpenSSH_9.2\r\n\r\n',
  `HTTP/1.1 206 Partial Content\r\nx:${' '.repeat(60_000)}\n\r\nContent-Length: 1\r\n\r\n1`,
  `HTTP/1.1 206 Partial Content\r\nx: a${' '.repeat(60_000)}b\rContent-Length: 1\r\n\r\n1`,
])('an answer in another form is left to others: %j', async (text) => {
  await withServer(
    (socket) => socket.write(text),
    async ({ ask }) => {
      await expect(ask()).rejects.toBeInstanceOf(UnusualAnswer);
    },
  );
});

test('a connection that ends while nobody asks it anything is given up', async () => {
  const send = (socket: Socket): void => {
    socket.write(Buffer.concat([Buffer.from(headOf(3)), Buffer.from('odd')]));
    setTimeout(() => socket.end(), 20);
  };
  await withServer(send, async ({ ask, ends }) => {
    for await (const chunk of (await ask()).body) expect(String(chunk)).toBe('odd');
    await expect.poll(() => ends).toEqual(['free', 'closed']);
  });
});

test('a connection that the server closes after its answer is not used again', async () => {
  const send = (socket: Socket): void => {
    socket.write(Buffer.concat([Buffer.from(headOf(BODY.length, 'Connection: Close')), BODY]));
  };
  await withServer(send, async ({ ask, ends }) => {
    expect((await bodyOf(await ask())).equals(BODY)).toBe(true);
    await expect.poll(() => ends).toEqual(['closed']);
  });
});

test('a signal stops it, before an answer and in the middle of one', async () => {
  for (const text of ['', headOf(BODY.length)]) {
    await withServer(
      (socket) => socket.write(text),
      async ({ ask }) => {
        const stop = new AbortController();
        const asked = ask(stop.signal).then(async (answer) => {
          setTimeout(() => {
            stop.abort();
          }, 20);
          await bodyOf(answer);
        });
        if (text === '') stop.abort();
        await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
      },
    );
  }
});
