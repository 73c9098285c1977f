import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openS3 } from './s3.ts';

test.each([undefined, { offset: 0, length: 100 }, { last: 100 }])(
  'a server that says that its answer has a TiB is not believed (%j)',
  async (range) => {
    let answers = 0;
    const server = createServer((_, response) => {
      answers += 1;
      response.writeHead(200, { 'content-length': String(2 ** 40) });
      response.write('some bytes');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const place = openS3({
      bucket: 'any',
      prefix: '',
      endpoint: `http://127.0.0.1:${port}`,
      env: {},
      accessKeyId: 'a',
      secretAccessKey: 'b',
      pauseMs: 1,
    });
    await expect(place.read('key', range)).rejects.toThrow('PIPE_REMOTE_FAILED');
    expect(answers).toBe(1);
    place.close();
  },
);

test.for([
  ['a length', 206, { 'content-range': 'bytes 0-0/12345' }, 12_345],
  ['no byte', 416, {}, 0],
  ['all of it', 200, { 'content-length': '1' }, 1],
] as const)('of an object whose length HEAD does not tell, GET tells it (%s)', async ([, status, headers, size]) => {
  const server = createServer(({ method }, response) => {
    if (method === 'HEAD') response.writeHead(200, { etag: '"1"' }).end();
    else response.writeHead(status, headers).end(status === 416 ? '' : 'x');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const place = openS3({
    bucket: 'any',
    prefix: '',
    endpoint,
    env: {},
    accessKeyId: 'a',
    secretAccessKey: 'b',
    pauseMs: 1,
  });
  expect(await place.stat('key')).toMatchObject({ size });
  place.close();
});
