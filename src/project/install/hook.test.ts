import fc from 'fast-check';
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder, write } from '../fixture/folder.ts';
import { removeHooks, writeHooks } from './hook-files.ts';
import { newHook, recognise, withBlock, withoutBlock } from './hook.ts';

const HUSKY = '#!/usr/bin/env sh\n. "$(dirname -- "$0")/h"\n';

describe('our lines in a hook', () => {
  test('go to the top of a shell script, and come out again without a trace', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom('#!/bin/sh', '#!/usr/bin/env bash', '#! /bin/zsh -e'), (body, first) => {
        const text = `${first}\n# ${body}`;
        fc.pre(!text.includes('>>> pipe') && text !== '#!/bin/sh\n');
        const added = withBlock(text, 'pre-commit');
        expect(added.startsWith(`${first}\n# >>> pipe`)).toBe(true);
        expect(withBlock(added, 'pre-commit')).toBe(added);
        expect(withoutBlock(added)).toBe(text);
      }),
    );
  });

  test('of an older pipe are brought up to date', () => {
    const old = `${HUSKY}# >>> pipe: old words\npipe old $& $1\n# <<< pipe\nmore\n`;
    expect(recognise(old).kind).toBe('ours');
    const now = withBlock(old, 'pre-push');
    expect(now).toContain('pipe git-hook pre-push "$@"');
    expect(now).not.toContain('pipe old');
    expect(withoutBlock(now)).toBe(`${HUSKY}more\n`);
  });

  test('are all there is in a hook of our own', () => {
    expect(withoutBlock(newHook('pre-push'))).toBeUndefined();
  });

  test.each(['', 'echo x\n', '#!/usr/bin/env python3\n', '#!/bin/fish\n', '#!/usr/bin/env node\n', '#!/bin/sh'])(
    'are not put into what is no shell script: %j',
    (text) => {
      expect(recognise(text).kind).toBe('other');
    },
  );
});

describe('the folder of hooks', () => {
  test('gets three executable hooks, once', () => {
    const folder = join(temporaryFolder(), 'not/there');
    expect(writeHooks(folder, { force: false })).toHaveLength(3);
    expect(statSync(join(folder, 'pre-push')).mode & 0o111).not.toBe(0);
    expect(writeHooks(folder, { force: false })).toEqual([]);
    expect(removeHooks(folder)).toHaveLength(3);
    expect(existsSync(join(folder, 'pre-push'))).toBe(false);
    expect(removeHooks(folder)).toEqual([]);
  });

  test('stays as it is when one hook is somebody else’s', () => {
    const folder = temporaryFolder();
    write(folder, { 'pre-push': HUSKY });
    chmodSync(join(folder, 'pre-push'), 0o755);
    expect(() => writeHooks(folder, { force: false })).toThrow(/PIPE_HOOK there is a pre-push hook/);
    expect(existsSync(join(folder, 'pre-commit'))).toBe(false);
    expect(writeHooks(folder, { force: true })).toHaveLength(3);
    expect(readFileSync(join(folder, 'pre-push'), 'utf8')).toContain('git-hook pre-push');
    removeHooks(folder);
    expect(readFileSync(join(folder, 'pre-push'), 'utf8')).toBe(HUSKY);
  });

  test('keeps hooks that are links, switched off or of another language, even under --force', () => {
    const folder = temporaryFolder();
    write(folder, { 'pre-push': HUSKY, 'pre-commit': '#!/usr/bin/env python3\n', elsewhere: HUSKY });
    symlinkSync('elsewhere', join(folder, 'post-checkout'));
    chmodSync(join(folder, 'pre-push'), 0o644);
    expect(() => writeHooks(folder, { force: true })).toThrow(/post-checkout[^]*pre-commit[^]*pre-push/);
    expect(readFileSync(join(folder, 'elsewhere'), 'utf8')).toBe(HUSKY);
  });
});
