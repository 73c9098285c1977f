import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { LookupFunction } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configuredLogin } from './http-login.ts';
import { openHttp } from './http.ts';

const SECRET = 't0ken-of-some-length-that-is-told';

/** What the server says after its status, and then. */
let answer = { status: '', body: '' };
let server: Server;
let url: string;
let asked: { readonly url: string | undefined; readonly authorization: string | undefined }[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url, authorization: request.headers.authorization });
    if (request.url === '/data/inside') response.writeHead(302, { location: '/data/there' }).end();
    else if (request.url === '/data/outside') response.writeHead(302, { location: '/other' }).end();
    else response.writeHead(403, answer.status, { 'content-type': 'text/plain' }).end(answer.body);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
});
afterAll(() => server.close());

async function refusal(path = '/x'): Promise<string> {
  asked = [];
  const login = configuredLogin({ auth: 'bearer', user: undefined, password: SECRET, header: undefined, name: 'remote.web', below: '/data/' }); // prettier-ignore
  const data = openHttp(url + path, { signal: new AbortController().signal, login, pauseMs: 0 });
  return data.tell().then(
    () => '',
    (error: unknown) => String(error),
  );
}

test.for([
  { status: `no ${SECRET}`, body: '' },
  { status: `${'x'.repeat(190)}${SECRET}`, body: '' },
  { status: '', body: `${'x'.repeat(190)}${SECRET}` },
  { status: '', body: SECRET.repeat(200) },
])('no part of a secret that a server tells is shown ($status, $body)', async (told) => {
  answer = told;
  const message = await refusal();
  expect(message).toContain('403');
  expect(message).not.toContain(SECRET.slice(0, 5));
});

test('a redirect is shown the login of a remote below its URL alone', async () => {
  await refusal('/data/inside');
  expect(asked.filter(({ url: path }) => path === '/data/there').map(({ authorization }) => authorization)).toEqual([`Bearer ${SECRET}`, `Bearer ${SECRET}`]); // prettier-ignore
  await refusal('/data/outside');
  expect(asked.filter(({ url: path }) => path === '/other').map(({ authorization }) => authorization)).toEqual([undefined, undefined]); // prettier-ignore
});

test.for([
  ['ENOTFOUND', 1, 'there is no such host'],
  ['EAI_AGAIN', 3, 'cannot be looked up now'],
] as const)('a host of which %s is said is asked for %i times', async ([code, times, words]) => {
  let looked = 0;
  const lookup: LookupFunction = (_host, _options, callback) => {
    looked += 1;
    callback(Object.assign(new Error(`getaddrinfo ${code}`), { code }), '', 4);
  };
  const data = openHttp('http://host.example/x', { signal: new AbortController().signal, pauseMs: 0, lookup });
  await expect(data.tell()).rejects.toThrow(words);
  expect(looked).toBe(times);
});
