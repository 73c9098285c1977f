import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { listed } from './fixture/helpers.ts';
import type { Place } from './place.ts';
import { openS3 } from './s3.ts';

// Servers, and gateways before them, that do not do all that S3 does.

type Answer = (request: IncomingMessage, answer: ServerResponse, number: number) => void;

/** A place on a server of the test's own; it is asked the `number`th time, from 0. */
async function placeOn(answer: Answer): Promise<Place> {
  let asked = 0;
  const server = createServer((request, response) => {
    asked += 1;
    answer(request, response, asked - 1);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const keys = { accessKeyId: 'a', secretAccessKey: 'bbbb' };
  const place = openS3({ bucket: 'any', prefix: '', endpoint, env: {}, ...keys, pauseMs: 1 });
  onTestFinished(() => {
    place.close();
    server.closeAllConnections();
    server.close();
  });
  return place;
}

const object = randomBytes(300_000);

interface Sent {
  /** Where it begins in the object; all of it as status 200 where it is absent. */
  readonly from?: number;
  /** Whether it breaks off in the middle. */
  readonly isCut?: boolean;
}

/** Answers with some bytes of the object, up to where the question asks. */
function send(request: IncomingMessage, answer: ServerResponse, { from, isCut }: Sent): void {
  const [, last] = /^bytes=\d+-(\d+)$/.exec(request.headers['range'] ?? '') ?? [];
  const end = from === undefined || last === undefined ? object.length : Math.min(object.length, Number(last) + 1);
  const bytes = object.subarray(from ?? 0, end);
  const range = from === undefined ? {} : { 'content-range': `bytes ${from}-${end - 1}/${object.length}` };
  answer.writeHead(from === undefined ? 200 : 206, { 'content-length': bytes.length, etag: '"e"', ...range });
  if (isCut === true) answer.write(bytes.subarray(0, bytes.length >> 1), () => answer.destroy());
  else answer.end(bytes);
}

const startOf = ({ headers }: IncomingMessage): number => Number(/^bytes=(\d+)-/.exec(headers['range'] ?? '')?.[1]);

const RANGES = [undefined, { offset: 100_000, length: 100_000 }, { last: 90_000 }] as const;

const wanted = (range: (typeof RANGES)[number]): Buffer => {
  if (range === undefined) return object;
  return 'last' in range ? object.subarray(-range.last) : object.subarray(range.offset, range.offset + range.length);
};

test.each(RANGES)('where ranges are not heeded, an answer that breaks off is begun anew (%j)', async (range) => {
  const place = await placeOn((request, answer, number) => {
    send(request, answer, { isCut: number < 2 });
  });
  expect((await place.read('key', range))?.equals(wanted(range))).toBe(true);
});

test.each(RANGES)('ranges may be heeded the first time, or the second time alone (%j)', async (range) => {
  for (const isFirst of [true, false]) {
    const from = (request: IncomingMessage): number => {
      const start = startOf(request);
      if (!Number.isNaN(start)) return start;
      return range !== undefined && 'last' in range ? object.length - range.last : 0;
    };
    const place = await placeOn((request, answer, number) => {
      const isCut = number === 0;
      send(request, answer, isCut === isFirst ? { from: from(request), isCut } : { isCut });
    });
    expect((await place.read('key', range))?.equals(wanted(range)), String(isFirst)).toBe(true);
  }
});

test('an answer that begins elsewhere than was asked for is not taken for the rest', async () => {
  const place = await placeOn((request, answer, number) => {
    if (number === 0) send(request, answer, { isCut: true });
    else send(request, answer, { from: number === 1 ? 1000 : startOf(request) || 0 });
  });
  expect((await place.read('key'))?.equals(object)).toBe(true);
});

interface Page {
  readonly isTruncated?: boolean;
  readonly token?: string;
}

function pageOf(number: number, { isTruncated, token }: Page): string {
  const truncated = isTruncated === undefined ? '' : `<IsTruncated>${String(isTruncated)}</IsTruncated>`;
  const next = token === undefined ? '' : `<NextContinuationToken>${token}</NextContinuationToken>`;
  const content = `<Contents><Key>k${number}</Key><Size>1</Size><LastModified>2026-01-01T00:00:00Z</LastModified></Contents>`;
  return `<?xml version="1.0"?><ListBucketResult>${truncated}${next}${content}</ListBucketResult>`;
}

/** What is listed by a server that gives these pages, and the last one again and again. */
async function keysOf(pages: readonly Page[]): Promise<string[]> {
  const place = await placeOn((_, answer, number) => {
    if (number > 20) answer.destroy();
    else answer.end(pageOf(number, pages[Math.min(number, pages.length - 1)]!));
  });
  return (await listed(place, '')).map(({ key }) => key);
}

test('a list ends where the server says so, whatever token it gives', async () => {
  expect(await keysOf([{ isTruncated: false, token: 'again' }])).toEqual(['k0']);
  expect(await keysOf([{ isTruncated: true, token: 'a' }, { isTruncated: false, token: 'b' }])).toEqual(['k0', 'k1']); // prettier-ignore
  expect(await keysOf([{ token: 'a' }, { token: '' }])).toEqual(['k0', 'k1']);
});

test.each([
  ['no token', [{ isTruncated: true }]],
  ['an empty token', [{ isTruncated: true, token: '' }]],
  ['the same token again', [{ isTruncated: true, token: 'a' }]],
  ['tokens in turns', [{ token: 'a' }, { token: 'b' }, { token: 'a' }, { token: 'b' }]],
])('a list that goes on with %s is refused: what is missing in it would count as gone', async (_, pages) => {
  await expect(keysOf(pages)).rejects.toThrow(/PIPE_REMOTE_FAILED.*its list of s3:\/\/any goes on, and not where/);
});
