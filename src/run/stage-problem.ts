import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionResult } from '../executor/executor.ts';
import { ancestors, isOutside, isWithin } from '../kit/path.ts';
import { systemFault } from '../kit/system-fault.ts';
import { pointerFileOf } from '../lockfile/pointer.ts';
import type { Dep, Out, Stage } from '../pipeline/model.ts';
import type { Problem } from '../problem/problem.ts';
import { isComplete } from '../store/completeness.ts';
import type { Engine } from './engine.ts';
import type { StageFacts } from './facts.ts';
import { isToBeMade } from './facts.ts';
import type { AwayThing } from './inputs.ts';

/** What keeps a stage from running. */
export function stageProblems(engine: Engine, { stage, deps, params }: StageFacts): Problem[] {
  return [
    ...stage.deps.filter((dep) => deps.get(dep.as)?.state === 'missing').map((dep) => missingDep(engine, stage, dep)),
    ...stage.deps.flatMap((dep) => {
      const seen = deps.get(dep.as);
      return seen?.state === 'known' && seen.lacks !== undefined
        ? [incompleteDep(engine, { stage, dep, lacks: seen.lacks })]
        : [];
    }),
    ...stage.params.flatMap((param) => {
      const values = params.get(param.as);
      if (values === undefined || isToBeMade(values)) return [];
      const missing = [...values].filter(([, value]) => value === undefined).map(([key]) => key);
      if (missing.length > 0) return [missingParam(stage, param, missing)];
      return engine.params.has(param) ? [] : [missingParamFile(stage, param)];
    }),
    ...stage.secrets
      .filter((name) => !Object.hasOwn(engine.env, name) || engine.env[name] === undefined)
      .map((name) => missingSecret(stage, name)),
  ];
}

/** The pointer that tracks a path or a folder above it, if it lies where `pipe add` puts it. */
function pointerAbove(root: string, path: string): string | undefined {
  if (isOutside(path)) return undefined;
  return [path, ...ancestors(path)].map(pointerFileOf).find((file) => existsSync(join(root, file)));
}

function missingDep({ graph, project }: Engine, stage: Stage, dep: Dep): Problem {
  const problem = (why: string, hint: string): Problem => ({
    code: 'PIPE_DEP_MISSING',
    message: `"${stage.address}" needs ${dep.path}: ${why}`,
    hint,
    at: dep.at,
  });
  if (dep.url) {
    const how = `track it with \`pipe import-url ${dep.path}\`, which knows when it changes there, and let the stage need that file`;
    return problem('a stage cannot depend on a URL', how);
  }
  const gone = dep.glob ? 'no file matches' : 'it is not on disk';
  // It is not part of this run, frozen, or makes a folder that lacks this file.
  const maker = (graph.needs.get(stage.address) ?? [])
    .flatMap((each) => graph.stages.get(each) ?? [])
    .find(({ outs }) => outs.some(({ path }) => isWithin(path, dep.path) || isWithin(dep.path, path)));
  if (maker !== undefined) {
    const { address, frozen } = maker;
    const how = frozen ? `it is frozen: pipe unfreeze ${address}` : `bring that up to date: pipe repro ${address}`;
    return problem(`"${address}" makes it, but ${gone}`, how);
  }
  const pointer = pointerAbove(project.root, dep.path);
  if (pointer !== undefined) {
    const how = `get it with \`pipe checkout ${pointer}\`, or with \`pipe pull ${pointer}\` where the cache lacks it`;
    return problem(`${pointer} tracks it, but ${gone}`, how);
  }
  const hint = 'put it there, or add it to the outs of the stage that makes it';
  return problem(`no stage makes it and ${gone}`, hint);
}

/** Paths that are named. */
const MOST_NAMED = 3;

/** A dep, and the topmost files and folders in it that were never put in place. */
interface Incomplete {
  readonly stage: Stage;
  readonly dep: Dep;
  readonly lacks: readonly AwayThing[];
}

function incompleteDep({ project, store }: Engine, { stage, dep, lacks }: Incomplete): Problem {
  const paths = lacks.map(({ path }) => path);
  const more = paths.length > MOST_NAMED ? ` and ${String(paths.length - MOST_NAMED)} more` : '';
  const [first = dep.path] = paths;
  const isCached = lacks.every(({ entry, isUnlisted }) => isUnlisted !== true && isComplete(store, entry));
  const wanted = dep.glob ? first : dep.path;
  const what = isCached ? 'is in place' : 'was downloaded';
  const how = isCached
    ? `put it in place with \`pipe checkout ${wanted}\``
    : `get it with \`pipe pull ${wanted}\`, or let \`pipe repro --pull\` do so`;
  // Of a whole folder whose list is not here, all that is recorded may lie there.
  const isWhole = lacks[0]?.isUnlisted === true && existsSync(join(project.root, pointerFileOf(first)));
  const instead = isWhole
    ? `to record what lies there as the whole: \`pipe add --force ${first}\``
    : `what is not meant to be there: \`pipe remove ${first}\``;
  return {
    code: 'PIPE_DEP_MISSING',
    message: `"${stage.address}" needs ${dep.path}, of which not all ${what}: ${paths.slice(0, MOST_NAMED).join(', ')}${more}`,
    hint: `${how}; ${instead}`,
    at: dep.at,
  };
}

function missingParam(stage: Stage, param: Stage['params'][number], keys: readonly string[]): Problem {
  return {
    code: 'PIPE_PARAM_MISSING',
    message: `"${stage.address}" asks for ${keys.join(', ')}, which ${param.path} does not have`,
    hint: `add ${keys.length === 1 ? 'it' : 'them'} to ${param.path}, or remove ${keys.length === 1 ? 'it' : 'them'} from params`,
    at: param.at,
  };
}

function missingParamFile(stage: Stage, param: Stage['params'][number]): Problem {
  return {
    code: 'PIPE_PARAM_MISSING',
    message: `"${stage.address}" asks for the parameters of ${param.path}, which is not there`,
    hint: 'add the file, or remove it from params',
    at: param.at,
  };
}

function missingSecret(stage: Stage, name: string): Problem {
  return {
    code: 'PIPE_SECRET_MISSING',
    message: `"${stage.address}" wants the secret ${name}, which is not set`,
    hint: `set it for this run: ${name}=… pipe repro`,
    at: stage.at,
  };
}

/** What is wrong with how a command ended; `undefined` when it ended well. */
export function commandProblem(stage: Stage, command: string, result: ExecutionResult): Problem | undefined {
  if (result.timedOut) {
    return {
      code: 'PIPE_STAGE_TIMEOUT',
      message: `"${stage.address}" took longer than its timeout of ${String((stage.timeoutMs ?? 0) / 1000)} s and was ended`,
      hint: 'raise `timeout`, or see what it was doing with `pipe logs`',
      at: stage.at,
    };
  }
  if (result.exitCode === 0) return undefined;
  const how =
    result.exitCode === null ? `was ended by ${result.signal ?? 'a signal'}` : `exited with ${String(result.exitCode)}`;
  return {
    code: 'PIPE_STAGE_FAILED',
    message: `"${stage.address}" failed: \`${command}\` ${how}`,
    hint: `the whole output: \`pipe logs ${stage.address}\``,
    at: stage.at,
  };
}

/** A command ended well without making what it should. */
export function missingOut(stage: Stage, out: Out): Problem {
  return {
    code: 'PIPE_OUT_MISSING',
    message: `"${stage.address}" ended well but did not make its out ${out.path}`,
    hint: 'check the path that the command writes to; paths are relative to the stage’s working folder',
    at: out.at,
  };
}

/** Something that a stage read changed while it ran. */
export function changedDep(stage: Stage, path: string): Problem {
  return {
    code: 'PIPE_DEP_CHANGED',
    message: `${path} changed while "${stage.address}" ran: nothing is recorded, since it is unknown which bytes it read`,
    hint: 'run again; a stage may not write to its own deps (use an out with `persist: true`)',
    at: stage.at,
  };
}

/** The run was stopped while, or before, the stage ran. */
export function cancelledProblem(stage: Stage): Problem {
  return { code: 'PIPE_CANCELLED', message: `"${stage.address}" was stopped`, at: stage.at };
}

/** What the system says when the disk, not our code, is to blame; `undefined` for any other error. */
export function storageProblem(stage: Stage, error: unknown): Problem | undefined {
  const fault = systemFault(error);
  if (fault === undefined) return undefined;
  const { path = 'to the disk' } = error as NodeJS.ErrnoException;
  return {
    code: 'PIPE_STORE_WRITE',
    message: `"${stage.address}": cannot write ${path}: ${fault.reason}`,
    hint: fault.hint,
    at: stage.at,
  };
}
