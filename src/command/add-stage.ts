import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { buildGraph } from '../graph/graph.ts';
import { writeFileAtomic } from '../kit/atomic-file.ts';
import type { PipelineText } from '../pipeline/edit-document.ts';
import { fieldsOf } from '../pipeline/edit-document.ts';
import { editStage } from '../pipeline/edit-stage.ts';
import type { Stage } from '../pipeline/model.ts';
import { isValidStageName } from '../pipeline/name.ts';
import type { StageWords } from '../pipeline/new-stage.ts';
import { keepAnnotations, stageFields } from '../pipeline/new-stage.ts';
import { PipeError, unwrap } from '../problem/problem.ts';
import { editLockFolder, withEditLock } from '../project/edit-lock.ts';
import { ensureIgnored } from '../project/gitignore.ts';
import type { Project } from '../project/project.ts';
import { isDvcRoot } from '../project/project.ts';
import type { Context } from './command.ts';
import { inProject, pipelineText } from './edit-target.ts';
import type { LoadedProject } from './load-project.ts';
import { loadProject } from './load-project.ts';
import { loadThrough } from './load-through.ts';

export interface AddRequest {
  readonly name: string;
  readonly words: StageWords;
  readonly force: boolean;
}

export interface AddedStage {
  /** The pipeline file, relative to the project root. */
  readonly file: string;
  readonly replaced: boolean;
  /** The stage as the loader reads it. */
  readonly stages: readonly Stage[];
}

/**
 * Writes a stage into the pipeline file of the current folder and its outs into `.gitignore`. Nothing is written unless
 * the whole project still makes sense afterwards.
 * @throws {PipeError} with everything that is wrong with the stage.
 */
export function addStage(context: Pick<Context, 'cwd' | 'env'>, request: AddRequest): AddedStage {
  checkName(request.name);
  const { project } = loadProject(context);
  checkFolder(context.cwd, request.words.wdir);
  // Two commands that add a stage at once must not lose each other's.
  return withEditLock(editLockFolder(project.pipeDir), () => {
    const loaded = loadProject(context);
    const file = pipelineFileFor(project, context.cwd);
    const source: PipelineText = { file, text: pipelineText(project.root, file) ?? '' };
    const old = fieldsOf(source.text, file, request.name);
    const fields = stageFields(request.words);
    const wanted = old === undefined ? fields : keepAnnotations(fields, old);
    const text = unwrap(editStage(source, { name: request.name, fields: wanted, force: request.force }));
    const stages = stagesAfter(loaded, { file, text }, context).filter((stage) => stage.name === request.name);
    writeFileAtomic(join(project.root, file), text);
    ignoreOuts(project, stages);
    return { file, replaced: old !== undefined, stages };
  });
}

function checkName(name: string): void {
  if (isValidStageName(name)) return;
  throw new PipeError({
    code: 'PIPE_STAGE_NAME',
    message: `"${name}" cannot be the name of a stage`,
    hint: 'use letters, digits, _ and -',
  });
}

function checkFolder(cwd: string, wdir: string | undefined): void {
  if (wdir === undefined || wdir.includes('${')) return;
  if (statSync(resolve(cwd, wdir), { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new PipeError({
    code: 'PIPE_USAGE',
    message: `the folder ${wdir} of --wdir does not exist`,
    hint: 'make it first',
  });
}

/** The pipeline file of a folder: the one that is there, else `pipeline.yaml`, or `dvc.yaml` in a project of DVC. */
function pipelineFileFor(project: Project, cwd: string): string {
  const folder = inProject({ root: project.root, cwd }, '.');
  const inFolder = (name: string): string => (folder === '.' ? name : `${folder}/${name}`);
  const found = ['pipeline.yaml', 'dvc.yaml'].map(inFolder).find((file) => existsSync(join(project.root, file)));
  const isDvcProject = isDvcRoot(project.root) && !existsSync(join(project.root, 'pipeline.yaml'));
  return found ?? inFolder(isDvcProject ? 'dvc.yaml' : 'pipeline.yaml');
}

/** The stages of the edited file, after a check of the whole project with it. */
function stagesAfter(loaded: LoadedProject, edited: PipelineText, { env }: Pick<Context, 'env'>): readonly Stage[] {
  const { project } = loaded;
  const read = (path: string): string | undefined => pipelineText(project.root, path);
  const pipeline = unwrap(
    loadThrough(project, { file: edited.file, env, read: (path) => (path === edited.file ? edited.text : read(path)) }),
  );
  const others = loaded.stages.filter((stage) => stage.file !== edited.file);
  unwrap(buildGraph([...others, ...pipeline.stages]));
  return pipeline.stages;
}

/** As DVC does it, and again when the stage runs: an out whose folder is not there yet has to wait. */
function ignoreOuts(project: Project, stages: readonly Stage[]): void {
  const outs = stages.flatMap((stage) => stage.outs).filter((out) => out.cache);
  const paths = outs.map((out) => resolve(project.root, out.path)).filter((path) => existsSync(dirname(path)));
  ensureIgnored(project, paths);
}
