import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openHttp } from './http.ts';

type Say = (response: ServerResponse, request: IncomingMessage) => void;

const bytes = randomBytes(1000);
let server: Server;
let folder: string;
/** What is answered, request by request. */
let says: Say[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-http-'));
  server = createServer((request, response) => {
    (says.shift() ?? ((last) => last.writeHead(500).end()))(response, request);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

async function download(...answers: Say[]): Promise<Buffer> {
  says = answers;
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/data`;
  const target = join(folder, 'data');
  await openHttp(url, { signal: new AbortController().signal, pauseMs: 0 }).download(target, () => undefined);
  return readFileSync(target);
}

/** The beginning of the data, of a length that is not told, then a broken connection. */
const broken =
  (length: number): Say =>
  (response) => {
    response.writeHead(200, { etag: '"1"' });
    // Not before it has arrived.
    response.write(bytes.subarray(0, length), () => setTimeout(() => response.destroy(), 50));
  };

/** A part of the data, whatever was asked for. */
const part =
  (from: number, to: number): Say =>
  (response) => {
    response.writeHead(206, { etag: '"1"', 'content-range': `bytes ${String(from)}-${String(to - 1)}/1000` });
    response.end(bytes.subarray(from, to));
  };

test('a part that nobody asked for is not taken for the whole', async () => {
  await expect(download(part(0, 400))).rejects.toThrow('206');
});

test('a server that sends no more than a part at a time is asked until all is there', async () => {
  expect(await download(broken(300), part(300, 500), part(500, 900), part(900, 1000))).toEqual(bytes);
});

test('an answer that broke off at its very end is whole', async () => {
  const nothing: Say = (response) => response.writeHead(416, { 'content-range': 'bytes */1000' }).end();
  expect(await download(broken(1000), nothing)).toEqual(bytes);
});

test('a server that has less than what came is not believed', async () => {
  const nothing: Say = (response) => response.writeHead(416, { 'content-range': 'bytes */900' }).end();
  await expect(download(broken(1000), nothing)).rejects.toThrow('416');
});
