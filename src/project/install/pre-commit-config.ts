import { rmSync } from 'node:fs';
import { isMap, isSeq, parseDocument } from 'yaml';
import { writeFileAtomic } from '../../kit/atomic-file.ts';
import { readYaml } from '../../kit/format/yaml/read.ts';
import { readTextFile } from '../../kit/text-file.ts';
import { indentAt, lineAfter, lineStart, newlineOf, ownPair, startOf } from '../../pipeline/edit-text.ts';
import { PipeError } from '../../problem/problem.ts';
import type { HookName } from './hook.ts';
import { HOOKS } from './hook.ts';

export const PRE_COMMIT_CONFIG = '.pre-commit-config.yaml';

const BLOCK = /^ *# >>> pipe\b.*\r?\n[^]*?^ *# <<< pipe *(?:\r?\n|$)/m;

/**
 * Adds our hooks to the file in which the tool pre-commit keeps its own, between two comments; the rest keeps every byte.
 * @param file absolute; made where it is missing
 * @returns whether it changed
 * @throws {PipeError} PIPE_HOOK when it is written in a way that cannot be added to, or the problems of a broken file
 */
export function addPreCommitHooks(file: string): boolean {
  const text = readTextFile(file, PRE_COMMIT_CONFIG) ?? '';
  const added = withHooks(text);
  if (added !== text) writeFileAtomic(file, added);
  return added !== text;
}

/** Takes our hooks out again, and removes a file that holds nothing else. */
export function removePreCommitHooks(file: string): boolean {
  const text = readTextFile(file, PRE_COMMIT_CONFIG) ?? '';
  const rest = text.replace(BLOCK, '');
  if (rest === text) return false;
  if (rest === '') rmSync(file);
  else writeFileAtomic(file, rest);
  return true;
}

function withHooks(text: string): string {
  const newline = newlineOf(text);
  if (BLOCK.test(text)) return text.replace(BLOCK, (block) => renewed(block, newline));
  const { root, problems } = readYaml({ file: PRE_COMMIT_CONFIG, text });
  if (problems.length > 0) throw new PipeError(problems);
  const open = text === '' || text.endsWith('\n') ? '' : newline;
  const lines = (pad: string, first: readonly string[] = []): string =>
    [...first, ...hookLines(pad)].map((line) => line + newline).join('');
  if (root === undefined) return text + open + lines('  ', ['# >>> pipe', 'repos:']);
  const map = parseDocument(text, { logLevel: 'silent' }).contents;
  const repos = isMap(map) && map.flow !== true ? ownPair(map, 'repos') : undefined;
  if (isMap(map) && map.flow !== true && repos === undefined)
    return text + open + lines('  ', ['# >>> pipe', 'repos:']);
  const list = repos?.value;
  const [first] = isSeq(list) && list.flow !== true ? list.items : [];
  if (!isSeq(list) || !isMap(first)) throw cannotAdd();
  const dash = indentAt(text, startOf(first));
  if (!/^ *- $/.test(text.slice(lineStart(text, startOf(first)), startOf(first)))) throw cannotAdd();
  const at = lineAfter(text, list, dash.length);
  const before = text.slice(0, at);
  const end = before.endsWith('\n') ? '' : newline;
  return before + end + lines(dash, [`${dash}# >>> pipe`]) + text.slice(at);
}

/** Lines that an older pipe added lack hooks: they are written anew, in the same place. */
function renewed(block: string, newline: string): string {
  if (HOOKS.every((name) => block.includes(`id: pipe-${name}${newline}`))) return block;
  const head = /^ *# >>> pipe\b.*\r?\n(?:repos:\r?\n)?(?=( *)- repo: local\r?\n)/.exec(block);
  if (head === null) return block;
  return head[0] + hookLines(head[1] ?? '').join(newline) + (block.endsWith('\n') ? newline : '');
}

function cannotAdd(): PipeError {
  return new PipeError({
    code: 'PIPE_HOOK',
    message: `${PRE_COMMIT_CONFIG} lists its repos in a way that pipe cannot add to`,
    hint: 'add hooks that run `pipe git-hook NAME` by hand: docs/commands/install.md shows them',
  });
}

function hookLines(pad: string): string[] {
  const lines = ['- repo: local', '  hooks:', ...HOOKS.flatMap(linesOf)];
  return [...lines, '# <<< pipe'].map((line) => pad + line);
}

/** The tool hands on what Git says in variables, so that no arguments are needed. */
function linesOf(name: HookName): string[] {
  return [
    `    - id: pipe-${name}`,
    `      name: pipe (${name})`,
    `      entry: sh -c 'command -v pipe >/dev/null 2>&1 || exit 0; exec pipe git-hook ${name}'`,
    '      language: system',
    '      always_run: true',
    '      pass_filenames: false',
    '      verbose: true',
    `      stages: [${name}]`,
  ];
}
