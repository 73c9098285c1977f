import { availableParallelism, cpus } from 'node:os';
import { loadBlake3 } from '../kit/blake3.ts';
import { VERSION } from '../kit/version.ts';
import { PipeError } from '../problem/problem.ts';
import { problemLine } from '../problem/render.ts';
import { examineProject } from '../project/examine.ts';
import { gitVersion } from '../project/git-command.ts';
import { cpuQuota } from '../project/machine/cgroup.ts';
import { libc } from '../project/machine/libc.ts';
import { findProject } from '../project/project.ts';
import type { Context } from './command.ts';
import { defineCommand } from './command.ts';
import { findingsOf } from './doctor/finding.ts';
import type { Diagnosis, DiagnosedProject } from './doctor/diagnosis.ts';
import { doctorText } from './doctor/text.ts';
import { memoryBytes } from './machine.ts';

export default defineCommand({
  usage: '',
  positionals: { min: 0, max: 0 },
  json: true,
  details: 'What it says about disks it has tried out, in .pipe/tmp. Paste it into a bug report: it holds no secrets.',
  options: {},
  async run(context) {
    const diagnosis = await diagnose(context);
    const findings = findingsOf(diagnosis);
    return {
      text: doctorText(diagnosis, findings),
      json: { schema: 'pipe.doctor/1', ...diagnosis, findings },
    };
  },
});

async function diagnose(context: Context): Promise<Diagnosis> {
  const [git, blake3] = [await gitVersion({ cwd: context.cwd, env: context.env }), await loadBlake3()];
  return {
    version: VERSION,
    node: process.version.slice(1),
    platform: process.platform,
    arch: process.arch,
    libc: libc() ?? null,
    git: git ?? null,
    blake3: blake3.native ? 'native' : 'wasm',
    cpus: { installed: cpus().length, usable: availableParallelism(), quota: cpuQuota() ?? null },
    memoryBytes: memoryBytes(),
    project: projectOf(context),
  };
}

/** A project whose config cannot be read is a finding here, not the end. */
function projectOf(context: Context): DiagnosedProject | null {
  try {
    const project = findProject(context);
    if (project === undefined) return null;
    const { gitRoot, links, folds, ...examined } = examineProject(project);
    const cacheType = project.config.get('cache.type');
    return {
      ...examined,
      gitRoot: gitRoot ?? null,
      links: links ?? null,
      folds: folds ?? null,
      cacheType,
      problems: [],
    };
  } catch (error) {
    if (error instanceof PipeError) return { problems: error.problems.map(problemLine) };
    throw error;
  }
}
