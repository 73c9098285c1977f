import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { HttpRequest } from '@smithy/core/protocols';
import { expect, test } from 'vitest';
import { DirectBody } from './direct-body.ts';
import { DirectHandler } from './direct-handler.ts';

const BODY = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, at) => at % 251));

interface Told {
  readonly body: Readable;
  readonly bytes: Buffer;
}

type Ask = (range?: string, how?: { isLate: boolean }) => Promise<Told>;

async function withHandler(server: Server, tls: { ca?: Buffer }, work: (ask: Ask) => Promise<void>): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const handler = new DirectHandler({}, { tls, connectTimeout: 5000, readTimeout: 5000 });
  try {
    await work(async (range = `bytes=0-${BODY.length - 1}`, { isLate } = { isLate: false }) => {
      const protocol = 'setSecureContext' in server ? 'https:' : 'http:';
      const headers = { host: `localhost:${port}`, range };
      const about = { protocol, hostname: 'localhost', port, path: '/a%20b', query: { 'x-id': 'GetObject' }, headers };
      const { response } = await handler.handle(new HttpRequest({ method: 'GET', ...about }));
      const body = response.body as Readable;
      if (isLate && body instanceof DirectBody) {
        await setTimeout(20);
        const bytes = Buffer.alloc(BODY.length);
        await body.readInto(bytes, () => undefined);
        return { body, bytes };
      }
      const chunks: Buffer[] = [];
      for await (const chunk of body) chunks.push(chunk as Buffer);
      return { body, bytes: Buffer.concat(chunks) };
    });
  } finally {
    handler.destroy();
    server.closeAllConnections();
    server.close();
  }
}

function answering(seen: IncomingMessage[], isChunked = false): RequestListener {
  return (request, response) => {
    seen.push(request);
    response.statusCode = 206;
    if (!isChunked) response.setHeader('content-length', BODY.length);
    response.write(BODY);
    response.end();
  };
}

test('requests for many bytes share a connection of their own, and all others go on as they did', async () => {
  const seen: IncomingMessage[] = [];
  await withHandler(createServer(answering(seen)), {}, async (ask) => {
    for (const range of [undefined, undefined, 'bytes=0-9', 'bytes=-300000']) {
      const { body, bytes } = await ask(range);
      expect([body instanceof DirectBody, bytes.equals(BODY)]).toEqual([range === undefined, true]);
    }
  });
  expect(seen.map(({ method, url }) => `${method} ${url}`)).toEqual(Array(4).fill('GET /a%20b?x-id=GetObject'));
  expect(new Set(seen.slice(0, 2).map(({ socket }) => socket)).size).toBe(1);
});

test('an answer of unknown length is asked for again in the usual way, and that once', async () => {
  const seen: IncomingMessage[] = [];
  await withHandler(createServer(answering(seen, true)), {}, async (ask) => {
    for (let at = 0; at < 3; at += 1) expect((await ask()).bytes.equals(BODY)).toBe(true);
  });
  expect(seen).toHaveLength(4);
});

test('an error of unknown length changes nothing for later requests', async () => {
  const seen: IncomingMessage[] = [];
  const answer: RequestListener = (request, response) => {
    if (seen.length > 1) {
      answering(seen)(request, response);
      return;
    }
    seen.push(request);
    response.statusCode = 503;
    response.write('busy');
    response.end();
  };
  await withHandler(createServer(answer), {}, async (ask) => {
    expect(String((await ask()).bytes)).toBe('busy');
    expect((await ask()).body).toBeInstanceOf(DirectBody);
  });
});

test('a header that could be read as two is never sent', async () => {
  const seen: IncomingMessage[] = [];
  await withHandler(createServer(answering(seen)), {}, async (ask) => {
    await expect(ask('bytes=0-299999\r\nx: y')).rejects.toMatchObject({ code: 'ERR_INVALID_CHAR' });
  });
  expect(seen).toEqual([]);
});

test('over TLS a server is believed by its certificate alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pipe-direct-'));
  try {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const made = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
    const name = ['-addext', 'subjectAltName=DNS:localhost'];
    execFileSync('openssl', [...made, ...name, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
    const [keys, ca] = [{ key: readFileSync(key), cert: readFileSync(certificate) }, readFileSync(certificate)];
    const seen: IncomingMessage[] = [];
    await withHandler(createTlsServer(keys, answering(seen)), { ca }, async (ask) => {
      for (const how of [{ isLate: false }, { isLate: true }]) {
        const { body, bytes } = await ask(undefined, how);
        expect([body instanceof DirectBody, bytes.equals(BODY)]).toEqual([true, true]);
      }
    });
    await withHandler(createTlsServer(keys, answering(seen)), {}, async (ask) => {
      await expect(ask()).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    });
    expect(seen).toHaveLength(2);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
