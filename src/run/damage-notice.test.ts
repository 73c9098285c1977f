import { expect, test } from 'vitest';
import type { Event } from '../event/event.ts';
import type { Digest } from '../kit/digest.ts';
import { loadBlake3 } from '../kit/blake3.ts';
import type { Entry } from '../store/tree.ts';
import { encodeTree } from '../store/tree.ts';
import { damageNotice } from './damage-notice.ts';

test('each damaged object is told of once, with the first path of the workspace that needs it', async () => {
  const blake3 = await loadBlake3();
  const [lost, other] = ['lost', 'other'].map((text) => blake3.hash(text)) as [Digest, Digest];
  const text = encodeTree(new Map<string, Entry>([['a', { kind: 'file', digest: lost, size: 4 }]]));
  const digest = blake3.hash(text);
  const messages: string[] = [];
  const tell = damageNotice({
    emit: (event: Pick<Event, 'type'> & { message?: string }) => messages.push(event.message ?? ''),
    read: (asked) => (asked === digest ? Buffer.from(text) : undefined),
    places: () => [{ path: 'data', entry: { kind: 'dir', digest, size: 4, files: 1 } }],
  });
  for (let round = 0; round < 2; round += 1) {
    tell(lost, undefined);
    tell(other, '/cache/v1/quarantine/x');
  }
  expect(messages).toEqual([
    `the cache held wrong bytes for data/a (${lost.slice(0, 11)}), which stay where they are`,
    `the cache held wrong bytes for ${other}; they were moved to /cache/v1/quarantine/x`,
  ]);
});
