import type { Dep, Out, ParamDep, Stage } from '../pipeline/model.ts';
import type { Place } from '../problem/problem.ts';

const AT: Place = { source: { file: 'pipeline.yaml' }, offset: 0, length: 0 };

/** What a test says of a stage; paths alone where nothing else matters. */
export interface StageSketch extends Partial<Omit<Stage, 'deps' | 'outs' | 'params'>> {
  readonly deps?: readonly (string | Partial<Dep>)[];
  readonly outs?: readonly (string | Partial<Out>)[];
  readonly params?: readonly (string | Partial<ParamDep>)[];
}

/** A stage of a test, in the root's pipeline file unless said otherwise. */
export function stageOf(name: string, sketch: StageSketch = {}): Stage {
  const { deps = [], outs = [], params = [], ...rest } = sketch;
  const file = rest.file ?? 'pipeline.yaml';
  const paths = (path = ''): { path: string; as: string; at: Place } => ({ path, as: path, at: AT });
  return {
    name,
    address: file === 'pipeline.yaml' ? name : `${file}:${name}`,
    file,
    wdir: '.',
    cmd: `make ${name}`,
    frozen: false,
    alwaysChanged: false,
    env: new Map(),
    envDeps: [],
    secrets: [],
    resources: { cpus: 1, gpus: 0 },
    executor: 'local',
    at: AT,
    ...rest,
    deps: deps.map((dep): Dep => {
      const given = typeof dep === 'string' ? { path: dep } : dep;
      return { ...paths(given.path), glob: false, url: false, ...given };
    }),
    params: params.map((param): ParamDep => {
      const given = typeof param === 'string' ? { path: param } : param;
      return { ...paths(given.path), ...given };
    }),
    outs: outs.map((out): Out => {
      const given = typeof out === 'string' ? { path: out } : out;
      return { ...paths(given.path), kind: 'out', cache: true, persist: false, push: true, ...given };
    }),
  };
}
