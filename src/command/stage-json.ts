import { commandLines } from '../fingerprint/stage.ts';
import { toJson } from '../kit/json-value.ts';
import type { Out, Stage } from '../pipeline/model.ts';

/**
 * A resolved stage for `stage list --json` (schema/stage-list.schema.json). `wdir` is relative to the project root;
 * deps, outs and params are relative to `wdir`, as in the lock.
 */
export function stageJson(stage: Stage): Readonly<Record<string, unknown>> {
  const pathsOf = (kind: Out['kind']): string[] => stage.outs.filter((out) => out.kind === kind).map((out) => out.as);
  const flagged = stage.outs.flatMap((out): [string, unknown][] => {
    const flags = outFlags(out);
    return Object.keys(flags).length === 0 ? [] : [[out.as, flags]];
  });
  return {
    name: stage.name,
    address: stage.address,
    file: stage.file,
    ...(stage.group === undefined ? {} : { group: stage.group }),
    cmd: commandLines(stage.cmd),
    wdir: stage.wdir,
    deps: stage.deps.map((dep) => dep.as),
    outs: pathsOf('out'),
    metrics: pathsOf('metric'),
    plots: pathsOf('plot'),
    flags: Object.fromEntries(flagged),
    params: Object.fromEntries(stage.params.map((param) => [param.as, param.keys ?? null])),
    env: Object.fromEntries(stage.env),
    envDeps: stage.envDeps,
    secrets: stage.secrets,
    frozen: stage.frozen,
    always_changed: stage.alwaysChanged,
    desc: stage.desc ?? null,
    meta: toJson(stage.meta ?? null),
    timeoutMs: stage.timeoutMs ?? null,
    retry: stage.retry ?? null,
    resources: stage.resources,
    executor: stage.executor,
    when: stage.when ?? null,
  };
}

/** What an out says beside its path. */
function outFlags(out: Out): Readonly<Record<string, unknown>> {
  const flags: [string, unknown][] = [];
  if (!out.cache) flags.push(['cache', false]);
  if (out.persist) flags.push(['persist', true]);
  if (!out.push) flags.push(['push', false]);
  for (const key of ['remote', 'desc', 'type', 'labels'] as const) {
    if (out[key] !== undefined) flags.push([key, out[key]]);
  }
  if (out.meta !== undefined) flags.push(['meta', toJson(out.meta)]);
  if (out.plot !== undefined && out.plot.size > 0) flags.push(['plot', toJson(out.plot)]);
  return Object.fromEntries(flags);
}
