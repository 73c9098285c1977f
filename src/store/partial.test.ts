import { existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { parseDigest } from '../kit/digest.ts';
import { claimPartial, leavePartial } from './partial.ts';

const HEX = 'ab'.repeat(32);
const digest = parseDigest(`b3:${HEX}`)!;

function layout(): { readonly tmp: string } {
  const tmp = mkdtempSync(join(tmpdir(), 'pipe-partial-'));
  onTestFinished(() => {
    rmSync(tmp, { recursive: true, force: true });
  });
  return { tmp };
}

test('of two beginnings of one user the longer one stays', () => {
  const at = layout();
  for (const [name, text] of [
    ['one', 'longer'],
    ['two', 'short'],
  ] as const) {
    writeFileSync(join(at.tmp, name), text);
    leavePartial(at, digest, join(at.tmp, name));
  }
  expect(readdirSync(at.tmp)).toEqual([`${HEX}.partial`]);
  expect(claimPartial(at, digest, join(at.tmp, 'target'))).toBe(6);
});

test('what somebody else has left is left alone, and keeps nobody from going on with what is his', () => {
  const at = layout();
  // Only root makes files of others; what is no file of one's own counts as theirs.
  symlinkSync('/dev/null', join(at.tmp, `${HEX}.partial`));
  writeFileSync(join(at.tmp, 'mine'), 'mine');
  leavePartial(at, digest, join(at.tmp, 'mine'));
  expect(existsSync(join(at.tmp, 'mine'))).toBe(false);
  expect(claimPartial(at, digest, join(at.tmp, 'target'))).toBe(4);
  expect(existsSync(join(at.tmp, 'target'))).toBe(true);
  expect(claimPartial(at, digest, join(at.tmp, 'again'))).toBe(0);
  expect(existsSync(join(at.tmp, 'again'))).toBe(false);
});
