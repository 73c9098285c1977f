import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { machine, temporaryFolder } from './fixture/share.ts';
import { hasFormat } from './remote.ts';
import { arrives, pushed } from './upkeep/fixture/collect.ts';

test.each(['', 'p', 'pipe.remote/'])(
  'a format that is cut off (%j) counts as absent, and the next push writes it',
  async (text) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'format'), text);
    const a = machine(folder);
    expect(await hasFormat(a.place)).toBe(false);
    const entry = await pushed(a, { x: 'x' });
    expect(readFileSync(join(folder, 'format'), 'utf8')).toBe('pipe.remote/1\n');
    expect(await arrives(folder, entry, { x: 'x' })).toBe(true);
  },
);

test.each(['pipe.remote/2\n', 'x', '\n', 'pipe.remote/1x'])(
  'another format (%j) is refused and left as it is',
  async (text) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'format'), text);
    await expect(pushed(machine(folder), { x: 'x' })).rejects.toThrow('PIPE_REMOTE_FORMAT');
    expect(readFileSync(join(folder, 'format'), 'utf8')).toBe(text);
  },
);
