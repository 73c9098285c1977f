import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { PipeError } from '../../problem/problem.ts';
import { openS3 } from './s3.ts';

const PAGE = '<!doctype html>\n<html><head><title>Console</title><meta charset="utf-8"><br></head><body><p>Hello<br></body></html>'; // prettier-ignore

async function problemWith(status: number, type: string, body: string): Promise<string> {
  const server = createServer((_, answer) => {
    answer.writeHead(status, { 'content-type': type }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const endpoint = `http://127.0.0.1:${port}`;
  const place = openS3({ bucket: 'b', prefix: '', endpoint, env: {}, accessKeyId: 'a', secretAccessKey: 'bbbb', pauseMs: 1, remote: 'storage' }); // prettier-ignore
  try {
    for await (const page of place.list('v1/')) expect(page).toEqual([]);
    return 'an empty list';
  } catch (error) {
    if (!(error instanceof PipeError)) throw error;
    return error.problems.map(({ message, hint }) => `${message} | ${hint}`).join('\n');
  } finally {
    place.close();
  }
}

test.each([
  ['a web page', 200, 'text/html', PAGE],
  ['a web page that is not there', 404, 'text/html', PAGE],
  ['a page of an error', 400, 'text/html', PAGE],
  ['what a console says', 403, 'application/json', '{"detailedMessage":"no","message":"no"}'],
  ['a text', 200, 'text/plain', 'hello'],
  ['JSON', 200, 'application/json', '{"a": 1}'],
])('where %s answers, it is asked whether that is an S3 endpoint', async (...[, ...answer]) => {
  const said = await problemWith(...answer);
  expect(said).toMatch(
    /does not answer as S3 does .* is it an S3 endpoint, and no web page or console of one\?.*endpointurl/,
  );
  expect(said).not.toMatch(/closing tag|Deserialization|XML/);
});
