import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { HeadBucketCommand } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { onNotice } from '../../kit/notice.ts';
import { openS3Client } from './s3-client.ts';

test('a server that takes calls and never answers is tried twice, and that is told', async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const endpoint = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const told: string[] = [];
  onNotice((text) => told.push(text));
  const env = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b', AWS_REGION: 'us-east-1' };
  const s3 = openS3Client({ bucket: 'b', prefix: '', endpoint, env, readTimeout: 1, pauseMs: 1 });
  try {
    const call = s3.call('look', (client, sending) => client.send(new HeadBucketCommand({ Bucket: 'b' }), sending));
    await expect(call).rejects.toMatchObject({ problems: [{ code: 'PIPE_REMOTE_UNREACHABLE' }] });
    expect(told).toEqual([`no answer from ${endpoint}, trying again (2 of 2)`]);
    expect(sockets.size).toBe(2);
  } finally {
    s3.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    onNotice(() => undefined);
  }
});
