import { expect, test } from 'vitest';
import { countSince, parseObjects, parseRequests } from './s3.ts';

test('what a server was asked for is counted by name, without what it asks itself', () => {
  const metrics = [
    '# TYPE minio_api_requests_total counter',
    'minio_api_requests_total{name="GetObject",server="127.0.0.1:9000",type="s3"} 12',
    'minio_api_requests_total{name="PutObject",server="127.0.0.1:9000",type="s3"} 3',
    'minio_api_requests_total{name="Ready",server="127.0.0.1:9000",type="health"} 40',
    'minio_api_requests_errors_total{name="GetObject",server="127.0.0.1:9000",type="s3"} 2',
  ].join('\n');
  expect(parseRequests(metrics)).toEqual({ GetObject: 12, PutObject: 3 });
});

test('only what was asked for since the first count counts', () => {
  expect(countSince({ GetObject: 2, HeadObject: 1 }, { GetObject: 5, HeadObject: 1, PutObject: 4 })).toEqual({
    GetObject: 3,
    PutObject: 4,
  });
});

test('an object that is written again counts as another', () => {
  const line = (key: string, lastModified: string): string =>
    JSON.stringify({ status: 'success', type: 'file', lastModified, size: 7, key, etag: 'e' });
  const first = parseObjects(`${line('a', '2030-01-02T03:04:05.001Z')}\n`);
  expect(parseObjects('')).toEqual(new Map());
  expect([...first.values()]).toEqual([7]);
  const both = parseObjects(`${line('a', '2030-01-02T03:04:05.002Z')}\n${line('b', '2030-01-02T03:04:05.001Z')}\n`);
  expect([...both.keys()].filter((key) => first.has(key))).toEqual([]);
});
