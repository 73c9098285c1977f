import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadBlake3 } from '../kit/blake3.ts';
import { storeLayout } from './layout.ts';
import type { RunRecord } from './run-record.ts';
import { parseRunRecord, readRunRecords, writeRunRecord } from './run-record.ts';

const blake3 = await loadBlake3();
const KEY = blake3.hash('key');
const record: RunRecord = {
  key: KEY,
  stage: '__proto__',
  startedAt: '2026-01-02T03:04:05.678Z',
  durationMs: 12,
  outs: [
    { path: 'model', digest: blake3.hash('tree'), size: 7, files: 2 },
    { path: 'run.sh', digest: blake3.hash('b'), size: 1, exec: true },
    { path: 'to', digest: blake3.hash('c'), size: 1, link: true },
  ],
  log: null,
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-records-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('run records', () => {
  test('are read back as they were written, the newest first', () => {
    const layout = storeLayout(folder);
    expect(readRunRecords(layout, blake3, KEY)).toEqual([]);
    const newer = { ...record, startedAt: '2026-02-01T00:00:00.000Z', outs: [], log: blake3.hash('log') };
    for (const each of [record, newer, { ...record, startedAt: '2025-12-31T00:00:00.000Z' }, record])
      writeRunRecord({ layout }, blake3, each);
    const found = readRunRecords(layout, blake3, KEY);
    expect(found.map((each) => each.startedAt.slice(0, 7))).toEqual(['2026-02', '2026-01', '2025-12']);
    expect(found.slice(0, 2)).toMatchObject([newer, record]);
  });

  test('that are torn, changed, misplaced or no files at all count as absent', () => {
    const layout = storeLayout(folder);
    writeRunRecord({ layout }, blake3, record);
    const runs = layout.runs(KEY);
    const [name = ''] = readdirSync(runs);
    mkdirSync(join(runs, `${'a'.repeat(64)}.json`));
    writeFileSync(join(runs, '.pipe-tmp-abc'), 'half');
    const put = (text: string): void => { writeFileSync(join(runs, `${blake3.hash(text).slice(3)}.json`), text); }; // prettier-ignore
    put('{"schema":"pipe.run/1"');
    put('');
    writeRunRecord({ layout }, blake3, { ...record, key: blake3.hash('other') });
    expect(readRunRecords(layout, blake3, KEY)).toMatchObject([record]);
    writeFileSync(join(runs, name), '{}');
    expect(readRunRecords(layout, blake3, KEY)).toEqual([]);
  });
});

describe('a record of a stranger', () => {
  const written = { ...record, schema: 'pipe.run/1', exitCode: 0 };
  const [out] = record.outs;

  test('is read when its form is right', () => {
    expect(parseRunRecord(JSON.stringify(written))).toEqual(record);
  });

  test.each([
    ['no JSON', '{'],
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', '7'],
    ['another version', JSON.stringify({ ...written, schema: 'pipe.run/2' })],
    ['no key', JSON.stringify({ ...written, key: 'b3:..' })],
    ['no outs', JSON.stringify({ ...written, outs: undefined })],
    ['a null out', JSON.stringify({ ...written, outs: [null] })],
    ['an out twice', JSON.stringify({ ...written, outs: [out, out] })],
    ['a negative size', JSON.stringify({ ...written, outs: [{ ...out, size: -1 }] })],
    ['half a byte', JSON.stringify({ ...written, outs: [{ ...out, size: 0.5 }] })],
    ['a huge size', JSON.stringify({ ...written, outs: [{ ...out, size: 1e300 }] })],
    ['half a file', JSON.stringify({ ...written, outs: [{ ...out, files: 0.5 }] })],
    ['an endless run', JSON.stringify({ ...written, durationMs: 7 }).replace(':7', ':1e999')],
    ['a time beyond all others', JSON.stringify({ ...written, startedAt: 'zzz' })],
    ['a log that is no digest', JSON.stringify({ ...written, log: '../../etc/passwd' })],
    ['inherited fields only', `{"__proto__":${JSON.stringify(written)}}`],
  ])('is refused with %s', (_, text) => {
    expect(parseRunRecord(text)).toBeUndefined();
  });
});
