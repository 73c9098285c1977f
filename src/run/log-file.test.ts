import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openHistory } from './history.ts';
import { LogFile, logPath } from './log-file.ts';
import { maskSecrets } from './mask.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pipe-log-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a log', () => {
  test('holds every line, on disk and, while it is short, as it is returned', () => {
    for (const count of [1, 3, 50_000]) {
      const path = join(folder, 'deep/er', String(count));
      const log = new LogFile(path);
      for (let at = 0; at < count; at += 1) log.write(`line ${String(at)}`);
      const whole = log.end();
      const text = readFileSync(path, 'utf8');
      expect(text.split('\n')).toHaveLength(count + 1);
      expect(whole).toEqual(count < 50_000 ? { text } : { file: path });
    }
  });

  test('is on disk a moment after it was written, so that it can be followed', async () => {
    const log = new LogFile(join(folder, 'log'));
    log.write('first');
    await expect.poll(() => existsSync(join(folder, 'log'))).toBe(true);
    log.write('second');
    expect(log.end()).toEqual({ file: join(folder, 'log') });
    expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('first\nsecond\n');
  });

  test('of a stage that writes nothing is not made, and an earlier one is removed', () => {
    writeFileSync(join(folder, 'log'), 'earlier');
    expect(new LogFile(join(folder, 'log')).end()).toBeUndefined();
    expect(existsSync(join(folder, 'log'))).toBe(false);
  });

  test('that cannot be written is a fault at its end, not in the middle of a stream', async () => {
    const log = new LogFile(join(folder, 'file/log'));
    writeFileSync(join(folder, 'file'), '');
    log.write('lost');
    await sleep(300);
    log.write('x'.repeat(100_000));
    expect(() => log.end()).toThrow(/ENOTDIR|EEXIST/);
  });

  test('lies at a path of its own that any disk takes, whatever the stage is called', () => {
    const addresses = [
      'train',
      'sub/pipeline.yaml:train',
      '..',
      '../../x',
      '中'.repeat(60),
      `${'中'.repeat(60)}x`,
      '\ud800',
      'a%2Fb',
      'a/b',
    ];
    const paths = addresses.map((address) => logPath(folder, address));
    expect(new Set(paths).size).toBe(addresses.length);
    for (const path of paths) {
      expect(path.startsWith(join(folder, 'tmp/logs/'))).toBe(true);
      expect(path.slice(join(folder, 'tmp/logs/').length)).toBe(basename(path));
      expect(Buffer.byteLength(basename(path))).toBeLessThan(255);
      new LogFile(path).end();
    }
  });
});

describe('the history', () => {
  const run = { startedAt: '2026-01-01T00:00:00.000Z', durationMs: 40, exitCode: 0 };

  test('gives back how the last run went, whatever the stage is called', () => {
    const file = join(folder, 'deep/history.json');
    const history = openHistory(file);
    expect([history.get('toString'), history.usualMs()]).toEqual([undefined, 1]);
    for (const name of ['train', '__proto__', 'constructor', '1']) history.set(name, run);
    history.set('train', { ...run, durationMs: 80, exitCode: 0 });
    history.set('failed', { ...run, exitCode: null });
    history.save();
    const again = openHistory(file);
    for (const name of ['__proto__', 'constructor', '1']) expect(again.get(name)).toEqual(run);
    expect(['train', 'other', 'failed'].map((name) => again.durationOf(name))).toEqual([80, undefined, undefined]);
    expect(again.get('failed')).toEqual({ ...run, exitCode: null });
  });

  test('keeps what another process has saved in the meantime', () => {
    const file = join(folder, 'history.json');
    const [first, second] = [openHistory(file), openHistory(file)];
    first.set('a', run);
    second.set('b', run);
    first.save();
    second.save();
    expect([openHistory(file).get('a'), openHistory(file).get('b')]).toEqual([run, run]);
  });

  test.each(['', '{', 'null', '7', '"text"', '[1]', '{"a": null, "b": {"durationMs": "1"}, "train": []}'])(
    'that is damaged counts as empty: %s',
    (text) => {
      writeFileSync(join(folder, 'history.json'), text);
      const history = openHistory(join(folder, 'history.json'));
      expect([history.get('train'), history.usualMs()]).toEqual([undefined, 1]);
    },
  );

  test('is not written while nothing has run', () => {
    openHistory(join(folder, 'history.json')).save();
    expect(existsSync(join(folder, 'history.json'))).toBe(false);
    mkdirSync(join(folder, 'x'));
  });
});

describe('masking', () => {
  test('hides every secret wherever it stands, the longer one first', () => {
    const mask = maskSecrets(['hunter2', 'hunter2-long', '$&.*']);
    expect(mask('hunter2 and hunter2-long, twice: hunter2; $&.*')).toBe('*** and ***, twice: ***; ***');
  });

  test('hides each line of a secret that has several', () => {
    const mask = maskSecrets(['-----BEGIN KEY-----\nabcdefgh\r\nijklmnop\n']);
    expect(['x abcdefgh', 'ijklmnop', '-----BEGIN KEY-----'].map(mask)).toEqual(['x ***', '***', '***']);
  });

  test('leaves alone what is too short to be a secret', () => {
    expect(maskSecrets(['', 'abc', '\n\n'])('abc\n\n')).toBe('abc\n\n');
  });
});
