import fc from 'fast-check';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder, write } from '../fixture/folder.ts';
import { removeHooks, writeHooks } from './hook-files.ts';
import { newHook, recognise, withBlock, withoutBlock } from './hook.ts';

const HUSKY = '#!/usr/bin/env sh\n. "$(dirname -- "$0")/h"\n';

/** Runs a hook as Git does, with a `pipe` that prints what it is called with and what it reads. */
function runHook(script: string, input: string): { status: number | null; stdout: string } {
  const folder = temporaryFolder();
  const pipe = '#!/bin/sh\necho "$*"\nsaid=$(cat)\nprintf "%s\\n" "$said"\ntest "$said" != fail || exit 3\n';
  write(folder, { pipe, hook: script });
  chmodSync(join(folder, 'pipe'), 0o755);
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}` };
  return spawnSync('sh', ['-eu', join(folder, 'hook'), 'origin', 'url'], { input, env, encoding: 'utf8' });
}

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
    expect(withBlock(now.replace(/ {2}pipe_refs=[^]*? {2}fi\n/, '  pipe git-hook pre-push "$@" </dev/null || exit $?\n'), 'pre-push')).toBe(now); // prettier-ignore
  });

  test.each(['post-checkout', 'post-merge', 'pre-commit'] as const)('read nothing: %s', (name) => {
    expect(newHook(name)).toContain(`pipe git-hook ${name} "$@" </dev/null || exit $?\n`);
  });

  test.each([
    ['what Git says', 'refs/heads/a 1 refs/heads/a 0\nrefs/heads/`b` 2 refs/heads/$b 0\n'],
    ['more than a pipe holds', `refs/heads/long 1 refs/heads/long 0\n`.repeat(4000)],
  ])('hand on %s at a push, and leave it for the lines below', (_, said) => {
    const { status, stdout } = runHook(withBlock('#!/bin/sh -eu\necho below\ncat\n', 'pre-push'), said);
    expect(status).toBe(0);
    expect(stdout).toBe(`git-hook pre-push origin url\n${said}below\n${said}`);
  });

  test('let the lines below run where Git says nothing, and none where pipe fails', () => {
    const script = withBlock('#!/bin/sh -eu\necho below\ncat\n', 'pre-push');
    expect(runHook(script, '').stdout).toMatch(/^git-hook pre-push origin url\n\n?below\n$/);
    expect(runHook(script, 'fail\n')).toMatchObject({ status: 3, stdout: 'git-hook pre-push origin url\nfail\n' });
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
  test('gets executable hooks, once', () => {
    const folder = join(temporaryFolder(), 'not/there');
    expect(writeHooks(folder, { force: false })).toHaveLength(4);
    expect(statSync(join(folder, 'pre-push')).mode & 0o111).not.toBe(0);
    expect(writeHooks(folder, { force: false })).toEqual([]);
    expect(removeHooks(folder)).toHaveLength(4);
    expect(existsSync(join(folder, 'pre-push'))).toBe(false);
    expect(removeHooks(folder)).toEqual([]);
  });

  test('stays as it is when one hook is somebody else’s', () => {
    const folder = temporaryFolder();
    write(folder, { 'pre-push': HUSKY });
    chmodSync(join(folder, 'pre-push'), 0o755);
    expect(() => writeHooks(folder, { force: false })).toThrow(/PIPE_HOOK there is a pre-push hook/);
    expect(existsSync(join(folder, 'pre-commit'))).toBe(false);
    expect(writeHooks(folder, { force: true })).toHaveLength(4);
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
