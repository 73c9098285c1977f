import { relative } from 'node:path';
import { createInterface } from 'node:readline';
import { commit } from '../data/commit.ts';
import type { CommitOptions, Committable, Committed } from '../data/committed.ts';
import type { Selected } from '../data/select.ts';
import { selectTracked } from '../data/select.ts';
import { trackedThings } from '../data/tracked.ts';
import { reach } from '../graph/select.ts';
import { checkAborted } from '../kit/abort.ts';
import { isWithin } from '../kit/path.ts';
import type { Stage } from '../pipeline/model.ts';
import { unwrap } from '../problem/problem.ts';
import { autostage } from '../project/autostage.ts';
import { clean, plural, shellWord } from '../report/words.ts';
import type { Context, GlobalOptions, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import type { DataProject } from './data-project.ts';
import { dataOptions, openData } from './data-project.ts';
import { bringListsOf } from './inside-lists.ts';
import { changesText, forGit, staysLines } from './data-words.ts';
import { keptIn } from './kept-in.ts';

export default defineCommand({
  usage: '[targets...]',
  positionals: { min: 0, max: Infinity },
  json: true,
  stopsGently: true,
  details:
    'Stores what lies in the workspace now, and records it in locks and pointers. Targets are stages, their outs, tracked\n' +
    'files and folders, their pointers, or paths inside tracked folders; without any, everything that is there.',
  options: {
    force: {
      type: 'boolean',
      short: 'f',
      help: 'also stages that changed, frozen targets, and files that never came or are older',
    },
    'with-deps': { type: 'boolean', short: 'd', help: 'also what the targets need' },
    recursive: { type: 'boolean', short: 'R', help: 'targets are folders: everything tracked below them' },
    'no-relink': { type: 'boolean', help: 'leave the files as they are, whatever cache.type says' },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const data = await openData(context, global, { walks: true });
    const chosen = choose(data, positionals, { cwd: context.cwd, recursive: options.recursive === true });
    const wanted = options['with-deps'] === true ? withDeps(data, chosen) : chosen;
    const folders = wanted.flatMap((each) =>
      each.kind === 'pointer' && each.isNamed && each.below === '' ? [each.pointer.path] : [],
    );
    if (options.force !== true) await bringListsOf(data, context, folders);
    const how = dataOptions(data, { context, global, label: 'committing' });
    const ask = asker(context, global);
    try {
      const { committed, written } = await commit(data.engine, wanted, {
        ...how,
        ...ask,
        force: options.force === true,
        noRelink: options['no-relink'] === true,
      });
      await autostage(data.engine.project, context.env, written);
      const toTrack = written.map((file) => relative(context.cwd, file));
      return {
        text: describe(committed, toTrack, data),
        json: { schema: 'pipe.commit/1', committed: committed.map(committedJson), written: toTrack },
      };
    } finally {
      how.progress.end();
      data.engine.index.save();
      data.engine.objects.save();
    }
  },
});

function choose(
  { loaded, engine, pointers }: DataProject,
  targets: readonly string[],
  { cwd, recursive }: { readonly cwd: string; readonly recursive: boolean },
): Committable[] {
  if (targets.length === 0) {
    const stages = engine.graph.order.flatMap((address) => engine.graph.stages.get(address) ?? []);
    return [...stages.map((stage) => ofStage(stage, false)), ...pointers.map((pointer) => ({ kind: 'pointer' as const, pointer, below: '', isNamed: false }))]; // prettier-ignore
  }
  const tracked = trackedThings({ stages: loaded.stages, pointers }, engine.locks, { uncached: true });
  const { root } = engine.project;
  const bare = loaded.stages.filter(({ outs, name, address, group = '' }) => outs.length === 0 && [name, address, group].some((each) => targets.includes(each))); // prettier-ignore
  const bareNames = new Set(bare.flatMap(({ name, address, group = '' }) => [name, address, group]));
  const rest = targets.filter((target) => !bareNames.has(target));
  const selected = rest.length === 0 ? [] : unwrap(selectTracked(rest, { tracked, root, cwd, recursive }));
  const stages = new Set([...bare, ...selected.flatMap(({ tracked: { owner } }) => (owner.kind === 'stage' ? [owner.stage] : []))]); // prettier-ignore
  return [...inOrder(engine.graph.order, stages).map((stage) => ofStage(stage, true)), ...selected.flatMap(ofPointer)];
}

function inOrder(order: readonly string[], stages: ReadonlySet<Stage>): Stage[] {
  const at = new Map(order.map((address, index) => [address, index]));
  return [...stages].sort((a, b) => (at.get(a.address) ?? 0) - (at.get(b.address) ?? 0));
}

function ofStage(stage: Stage, isNamed: boolean): Committable {
  return { kind: 'stage', stage, isNamed };
}

function ofPointer({ tracked: { owner }, below }: Selected): Committable[] {
  return owner.kind === 'pointer' ? [{ kind: 'pointer', pointer: owner.pointer, below, isNamed: true }] : [];
}

/** What is chosen, after the stages and pointers that its stages need. */
function withDeps({ engine: { graph }, pointers }: DataProject, chosen: readonly Committable[]): Committable[] {
  const stages = chosen.flatMap((each) => (each.kind === 'stage' ? [each.stage.address] : []));
  const needed = reach(stages, (address) => graph.needs.get(address) ?? []);
  const all = graph.order.filter((address) => needed.has(address) || stages.includes(address));
  const deps = all.flatMap((address) => graph.stages.get(address)?.deps ?? []).map(({ path }) => path);
  const known = new Set(chosen.flatMap((each) => (each.kind === 'pointer' ? [each.pointer.file] : [])));
  const more = pointers.filter(
    ({ path, file }) => !known.has(file) && deps.some((dep) => isWithin(path, dep) || isWithin(dep, path)),
  );
  return [
    ...more.map((pointer): Committable => ({ kind: 'pointer', pointer, below: '', isNamed: false })),
    ...chosen.filter(({ kind }) => kind === 'pointer'),
    ...all.flatMap((address) => {
      const stage = graph.stages.get(address);
      return stage === undefined ? [] : [ofStage(stage, stages.includes(address))];
    }),
  ];
}

/** Asks where somebody can answer. */
function asker({ stdin, stderr, signal }: Context, { json, quiet }: GlobalOptions): Pick<CommitOptions, 'confirm'> {
  const isTerminal = (stream: object): boolean => 'isTTY' in stream && stream.isTTY === true;
  if (json || quiet || !isTerminal(stdin) || !isTerminal(stderr)) return {};
  return {
    async confirm(stage, changes) {
      const lines = createInterface({ input: stdin, terminal: false, signal });
      stderr.write(`"${clean(stage)}" changed: ${changes.map(clean).join('; ')}\nRecord its outs all the same? [y/N] `);
      try {
        const { value } = (await lines[Symbol.asyncIterator]().next()) as { value?: string };
        checkAborted(signal);
        return /^y(?:es)?$/i.test(value?.trim() ?? '');
      } finally {
        lines.close();
      }
    },
  };
}

function committedJson({ kind, path, state, changes, kept = 0, behind = [] }: Committed): unknown {
  return { kind, path, state, changes: changes ?? null, kept, behind };
}

const TOLD = {
  changed: '',
  stored: '(stored; it was recorded already)',
  unchanged: '(nothing changed)',
  missing: '(not in the workspace)',
  frozen: '(frozen)',
  imported: '',
};

function describe(committed: readonly Committed[], written: readonly string[], data: DataProject): string {
  const isNews = ({ state }: Committed): boolean => state === 'changed' || state === 'stored';
  const hasNews = committed.some(isNews) || written.length > 0;
  const lines = committed.flatMap((each) => linesOf(each, hasNews, data));
  if (hasNews) return [...lines, ...forGit(written, data.engine.project)].join('\n');
  const there = committed.filter(({ state }) => state === 'unchanged');
  const rest = lines.length === 0 ? 'Everything' : 'Everything else';
  const end = there.length === 0 && lines.length > 0 ? [] : [`${rest} was recorded already: ${plural(there.length, 'path')}.`]; // prettier-ignore
  return [...lines, ...end].join('\n');
}

function linesOf(committed: Committed, hasNews: boolean, data: DataProject): string[] {
  const { path, state, changes, frozenFile, ...stays } = committed;
  const more = staysLines(path, stays, () => keptIn(data, path));
  if (frozenFile !== undefined) return [`${clean(path)} is frozen, left alone (\`pipe unfreeze ${shellWord(frozenFile)}\` lets it change)`]; // prettier-ignore
  if (state === 'imported') return [`${clean(path)} is imported, and changed here: left alone (\`pipe checkout --force ${shellWord(path)}\` takes the change back)`]; // prettier-ignore
  if (state === 'unchanged') return more.length === 0 ? [] : [clean(path), ...more];
  if (state === 'missing' && !hasNews) return [];
  const told = state === 'changed' ? changesText(changes) : '';
  return [`${clean(path)} ${told === '' ? TOLD[state] : `(${told})`}`.trimEnd(), ...more];
}
