import { globMeets } from '../../graph/glob.ts';
import type { Graph } from '../../graph/graph.ts';
import type { Event } from '../../event/event.ts';
import { isWithin } from '../../kit/path.ts';
import type { PendingImport } from '../../lockfile/pointer.ts';
import type { Stage } from '../../pipeline/model.ts';
import { PipeError } from '../../problem/problem.ts';
import { redactUrls } from '../../problem/redact.ts';
import { readPointers } from '../../project/pointer-files.ts';
import { openEngine } from '../../run/engine.ts';
import { filesOf } from '../../store/tree.ts';
import type { Context, GlobalOptions } from '../command.ts';
import type { LoadedProject } from '../load-project.ts';
import { bringPending } from './pending.ts';

/** Which imports that were not downloaded yet stages of a run read: what these are decides whether the stages run. */
export function pendingForRun(
  pending: readonly PendingImport[],
  { stages }: Graph,
  selected: ReadonlySet<string>,
): readonly PendingImport[] {
  if (pending.length === 0) return [];
  const running = [...stages.values()].filter(({ address, frozen, when }) => selected.has(address) && !frozen && when?.holds !== false); // prettier-ignore
  return pending.filter(({ path }) => running.some((stage) => reads(stage, path)));
}

function reads({ deps, params }: Stage, path: string): boolean {
  const meets = (read: string): boolean => isWithin(read, path) || isWithin(path, read);
  return (
    deps.some((dep) => !dep.url && (dep.glob ? globMeets(dep.path, path) : meets(dep.path))) ||
    params.some((param) => meets(param.path))
  );
}

/**
 * With `repro --pull`: downloads what stages of the run read and was imported without its data, all of it before anything
 * is planned.
 * @returns what is to be told when there is a plan
 * @throws {PipeError} what kept some from coming; the others are there
 */
export async function pullPending(
  { loaded, graph, context, global }: { readonly loaded: LoadedProject; readonly graph: Graph; readonly context: Context; readonly global: GlobalOptions }, // prettier-ignore
  selected: ReadonlySet<string>,
): Promise<Event[]> {
  const { project, pointerFiles } = loaded;
  if (pointerFiles.length === 0) return [];
  const needed = pendingForRun(readPointers(project.root, pointerFiles).pending, graph, selected);
  if (needed.length === 0) return [];
  const started = performance.now();
  const engine = await openEngine({ project, graph, env: context.env, emit: () => undefined });
  const { brought, failed } = await bringPending({ engine }, needed, { context, global, force: false, isOnlyRecorded: false }); // prettier-ignore
  engine.claims.close();
  if (failed.length > 0) throw new PipeError(failed.flatMap(({ problems }) => problems));
  const durationMs = performance.now() - started;
  return brought.flatMap(({ path, entry, imported }): Event[] => {
    const file = needed.find((each) => each.path === path)?.file ?? path;
    return [
      { type: 'downloaded', remote: redactUrls(imported.url), paths: [path], objects: filesOf(entry), bytes: entry.size, durationMs }, // prettier-ignore
      { type: 'notice', message: `${path} came for the first time: ${file} records it from now on`, hint: `for Git: git add ${file}` }, // prettier-ignore
    ];
  });
}
