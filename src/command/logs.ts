import { readFileSync } from 'node:fs';
import { PipeError } from '../problem/problem.ts';
import type { Engine } from '../run/engine.ts';
import { openEngine } from '../run/engine.ts';
import { openHistory } from '../run/history.ts';
import { logPath } from '../run/log-file.ts';
import { findRecord, gatherFacts } from '../run/facts.ts';
import type { Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { selectedStages } from './engine-options.ts';
import { graphOf, loadProject } from './load-project.ts';

export default defineCommand({
  usage: '<targets...>',
  positionals: { min: 1, max: Infinity },
  json: true,
  details: 'Prints what the command wrote when the stage last ran here, or when the outs were made that it now has.',
  options: {},
  async run(context, { positionals }): Promise<Outcome> {
    const loaded = loadProject(context);
    const graph = graphOf(loaded);
    const { project } = loaded;
    const selected = selectedStages({ project, graph, context }, positionals, { 'single-item': true });
    const engine = await openEngine({ project, graph, env: context.env, emit: () => undefined });
    const history = openHistory(`${project.pipeDir}/tmp/history.json`);
    const logs: {
      stage: string;
      text: string | null;
      startedAt?: string;
      durationMs?: number;
      exitCode?: number | null;
    }[] = [];
    const away = new Set<string>();
    for (const stage of selected) {
      const { text, isAway } = await logOf(engine, stage);
      if (isAway) away.add(stage);
      logs.push({ stage, text, ...history.get(stage) });
    }
    const several = logs.length > 1;
    return {
      text: logs
        .map(
          ({ stage, text }) =>
            `${several ? `── ${stage}\n` : ''}${text?.replace(/\n$/, '') ?? withoutLog(stage, away.has(stage))}`,
        )
        .join('\n'),
      json: { schema: 'pipe.logs/1', logs },
    };
  },
});

function withoutLog(stage: string, isAway: boolean): string {
  if (!isAway) return `"${stage}" has no log: it wrote nothing, or has not run here`;
  return `the log of "${stage}" is not here: \`pipe push --logs\` where it ran sends it, \`pipe fetch --run-cache\` brings it`;
}

interface FoundLog {
  readonly text: string | null;
  /** Whether there is one, and its bytes are on another machine. */
  readonly isAway: boolean;
}

async function logOf(engine: Engine, address: string): Promise<FoundLog> {
  const file = logPath(engine.project.pipeDir, address);
  try {
    return { text: readFileSync(file, 'utf8'), isAway: false };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ERR_STRING_TOO_LONG') throw tooLong(address, file);
    if (code !== 'ENOENT') throw error;
  }
  const stage = engine.graph.stages.get(address);
  const record = stage && findRecord(engine, await gatherFacts(engine, stage, {}));
  if (record === undefined || record.log === null) return { text: null, isAway: false };
  const bytes = engine.store.read(record.log, Infinity);
  return { text: bytes?.toString('utf8') ?? null, isAway: bytes === undefined };
}

/** Node.js holds no text beyond 512 MiB. */
function tooLong(address: string, file: string): PipeError {
  return new PipeError({
    code: 'PIPE_FILE_TOO_BIG',
    message: `the log of "${address}" is too long to print`,
    hint: `look into it with a pager: less ${file}`,
  });
}
