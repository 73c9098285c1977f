import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProjectFiles } from '../project/project-files.ts';
import { readPointers } from '../project/pointer-files.ts';
import { openProject } from '../project/project.ts';
import type { Engine } from '../run/engine.ts';
import { openEngine } from '../run/engine.ts';
import type { LinkType } from '../store/link.ts';
import type { TrackedPath } from '../lockfile/pointer.ts';
import { add } from './add.ts';
import type { CheckedOut, CheckoutOptions } from './checkout.ts';
import { checkout } from './checkout.ts';
import { commit } from './commit.ts';
import { selectTracked } from './select.ts';
import { trackedThings } from './tracked.ts';

const signal = new AbortController().signal;

/** A new project in a folder below `base`, which also has what is remembered of it. */
export function newProject(base: string): string {
  const root = mkdtempSync(join(base, 'project-'));
  write(root, { '.pipe/config.yaml': 'core:\n  no_scm: true\n' });
  return root;
}

/** Writes files, making their folders. */
export function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

/** An engine of its own for each step, as if by a process of its own. */
export async function engineAt(root: string, type: LinkType = 'copy'): Promise<Engine> {
  const base = dirname(root);
  const env = { XDG_CACHE_HOME: join(base, 'cache'), XDG_CONFIG_HOME: join(base, 'config'), HOME: base };
  const project = openProject({ cwd: root, env });
  const graph = { stages: new Map(), needs: new Map(), neededBy: new Map(), order: [] };
  const engine = await openEngine({ project, graph, env, emit: () => undefined });
  return { ...engine, links: { types: [type, 'copy'] } };
}

/** The pointers of a project. */
export function pointersOf({ project }: Pick<Engine, 'project'>): readonly TrackedPath[] {
  return readPointers(project.root, findProjectFiles(project).pointers).pointers;
}

/** What `pipe add` does. */
export async function addAt(root: string, paths: readonly string[], type?: LinkType): Promise<void> {
  const engine = await engineAt(root, type);
  await add(engine, paths, { known: { stages: [], pointers: pointersOf(engine) }, links: engine.links, signal });
  engine.index.save();
  engine.objects.save();
}

/** What `pipe commit` does, without targets, in a project without stages. */
export async function commitAt(root: string, type?: LinkType): Promise<void> {
  const engine = await engineAt(root, type);
  const wanted = pointersOf(engine).map(
    (pointer) => ({ kind: 'pointer', pointer, below: '', isNamed: false }) as const,
  );
  await commit(engine, wanted, { links: engine.links, signal });
  engine.index.save();
  engine.objects.save();
}

/** What `pipe checkout` does, without targets. */
export async function checkoutAt(
  root: string,
  { type, ...options }: Partial<CheckoutOptions> & { readonly type?: LinkType } = {},
): Promise<CheckedOut[]> {
  const engine = await engineAt(root, type);
  const tracked = trackedThings({ stages: [], pointers: pointersOf(engine) }, engine.locks);
  const selected = selectTracked([], { tracked, root, cwd: root });
  if (!selected.ok) throw new Error('nothing is selected');
  const done = await checkout(engine, selected.value, { links: engine.links, signal, ...options });
  engine.index.save();
  engine.objects.save();
  return done;
}
