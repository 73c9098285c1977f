import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { loadBlake3 } from '../../../src/kit/blake3.ts';
import type { Digest } from '../../../src/kit/digest.ts';
import { storeLayout } from '../../../src/store/layout.ts';
import type { Entry } from '../../../src/store/tree.ts';
import { encodeTree } from '../../../src/store/tree.ts';
import type { Rig } from '../../rig/rig.ts';
import { contents } from '../faults/contents.ts';
import { does, project, save } from './commands.ts';

const blake3 = await loadBlake3();

/** Puts bytes into the store, as a stranger could who knows the format; under another digest, too. */
export async function plant(rig: Rig, text: string, digest: Digest = blake3.hash(text)): Promise<Digest> {
  const path = storeLayout(rig.path('.pipe/cache')).loose(digest);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, text);
  return digest;
}

/** What a pointer of a stranger says of the folder `data`. */
export interface Said {
  readonly digest: Digest;
  readonly size: number;
  readonly files: number;
}

export function pointerText({ digest, size, files: count }: Said, path = 'data'): string {
  return `schema: pipe.pointer/1\nouts:\n  - path: ${JSON.stringify(path)}\n    digest: ${digest}\n    size: ${size}\n    files: ${count}\n`; // prettier-ignore
}

/** A project with a store, and a folder that a pointer of a stranger tracks. */
export async function strange(rig: Rig, make: () => Promise<Said>): Promise<void> {
  await project(rig);
  await rig.write({ own: 'own\n' });
  await does(rig, 'add', 'own');
  await rig.write({ 'data.pipe': pointerText(await make()) });
  await save(rig, 'from a stranger');
}

export const COMMANDS = [
  ...[
    ['status'],
    ['data', 'status', '--granular'],
    ['diff', 'HEAD', 'workspace'],
    ['du'],
    ['fsck'],
    ['fsck', '--repair'],
  ],
  ...[
    ['checkout'],
    ['checkout', '-f', '--relink'],
    ['checkout', 'data/x'],
    ['move', 'data/x', 'data/z'],
    ['move', 'data/x', 'y'],
  ],
  ...[['remove', 'data/x'], ['gc', '-w', '--dry'], ['gc', '-w', '-f'], ['repro']],
];

/**
 * What each command says of a list that is none: all but it is well.
 * @param problem that of who must change it
 * @param collecting what a collection says; of wrong bytes that were set aside it need not know, where nothing is to go
 */
export function saidOfWrongList(
  problem: string,
  collecting = '2 PIPE_STORE_DAMAGED',
): Readonly<Record<string, string>> {
  return {
    ...{ status: '0', 'data status --granular': '0', 'diff HEAD workspace': '0', du: '0', repro: '0' },
    ...{ fsck: '1', 'fsck --repair': '1', checkout: '1', 'checkout -f --relink': '1', 'checkout data/x': '1' },
    ...{ 'move data/x data/z': `2 ${problem}`, 'move data/x y': `2 ${problem}`, 'remove data/x': `2 ${problem}` },
    ...{ 'gc -w --dry': collecting, 'gc -w -f': collecting },
  };
}

/** Every command ends soon, and puts nothing where it does not belong; what each says, `0` or a code and its problem. */
export async function allEnd(rig: Rig, expected: Readonly<Record<string, string>>, commands = COMMANDS): Promise<void> {
  const before = await contents(rig);
  const said: Record<string, string> = {};
  for (const args of commands) {
    const run = await rig.pipe(args, { limit: 30_000 });
    const told = `${args.join(' ')}\n${run.stdout.slice(0, 2_000)}\n${run.stderr.slice(0, 2_000)}`;
    expect(run.stderr, told).not.toMatch(/\n {4}at /);
    expect(Buffer.byteLength(run.stdout + run.stderr), told).toBeLessThan(100_000);
    const codes = run.stderr.match(/\bPIPE_[A-Z0-9_]+(?= {2})/g) ?? [];
    // Where there is no problem of its own, what is wrong stands in what it found out.
    expect(run.code === 0 || codes.length === 1 || run.stdout !== '', told).toBe(true);
    said[args.join(' ')] = [String(run.code), ...codes].join(' ');
  }
  const wanted = Object.entries(expected).filter(([line]) => commands.some((args) => args.join(' ') === line));
  expect(said).toEqual(Object.fromEntries(wanted));
  expect(await contents(rig)).toEqual(before);
  expect(await rig.exists('../evil')).toBe(false);
  expect(await rig.read('.git/HEAD')).toContain('ref:');
  await rig.remove('data.pipe', 'pipeline.yaml', 'pipeline.lock');
  await does(rig, 'add', 'own');
}

/** A list that contains itself, under a digest that cannot be its own. */
export async function plantSelf(rig: Rig): Promise<Said> {
  const digest = blake3.hash('myself');
  const tree = encodeTree(new Map([['x', { kind: 'dir', digest, size: 1, files: 1 }]]));
  return { digest: await plant(rig, tree, digest), size: 1, files: 1 };
}

/** Lists that nest so deep, each of which names the next one so often. */
export async function plantNested(rig: Rig, depth: number, width: number): Promise<Said> {
  let said: Said = { digest: await plant(rig, 'x'), size: 1, files: 1 };
  for (let level = 0; level < depth; level += 1) {
    const kind = level === 0 ? 'file' : 'dir';
    const { digest, size, files } = said;
    const entry: Entry = kind === 'file' ? { kind, digest, size } : { kind, digest, size, files };
    const names = Array.from({ length: width }, (_, at) => (at === 0 ? 'x' : `y${at}`));
    const tree = encodeTree(new Map(names.map((name) => [name, entry] as const)));
    // No number of files is larger than what can be counted.
    const total = (each: number): number => Math.min(each * width, Number.MAX_SAFE_INTEGER);
    said = { digest: await plant(rig, tree), size: total(size), files: total(files) };
  }
  return said;
}

/** The problems that a command finds with what is recorded, as its JSON form tells them. */
export async function problemsOf(rig: Rig, ...args: string[]): Promise<string[]> {
  const run = await rig.pipe([...args, '--json']);
  expect(run.stderr).toBe('');
  const { problems } = run.json<{ problems: (string | { code: string; message: string })[] }>();
  return problems.map((each) => (typeof each === 'string' ? each : `${each.code} ${each.message}`));
}
