import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Digest } from '../kit/digest.ts';
import { temporaryBeside } from '../kit/temporary.ts';
import { temporaryFolder } from './fixture/share.ts';
import { openTableCache } from './table-cache.ts';

const KEPT = `b3:${'a'.repeat(64)}` as Digest;

test('what is not needed any more goes; what another process is just writing stays', () => {
  const folder = temporaryFolder();
  const cache = openTableCache(folder);
  cache.write(KEPT, [Buffer.from('kept')]);
  cache.write(`b3:${'b'.repeat(64)}` as Digest, [Buffer.from('old')]);
  cache.write('relied', [Buffer.from('relied')]);
  const tables = join(folder, 'tables');
  const written = temporaryBeside(join(tables, 'x'));
  writeFileSync(written, 'half');
  // No process has so high a number.
  writeFileSync(join(tables, '.pipe-tmp-4194399-abc'), 'half');
  cache.keep([KEPT]);
  expect(readdirSync(tables).sort()).toEqual([written.slice(tables.length + 1), 'a'.repeat(64), 'relied'].sort());
});

test('a folder that cannot be written to keeps nobody from anything', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'tables'));
  mkdirSync(join(folder, 'tables', 'relied'));
  const cache = openTableCache(folder);
  cache.write('relied', [Buffer.from('x')]);
  cache.keep([]);
  expect(readdirSync(join(folder, 'tables'))).toEqual(['relied']);
});
