import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '../graph/graph.ts';
import { buildGraph } from '../graph/graph.ts';
import { outsideOuts } from '../graph/pointer-conflicts.ts';
import { indexFolder } from '../index/location.ts';
import { openPipelineCache } from '../index/pipeline-cache.ts';
import { tellNotice } from '../kit/notice.ts';
import { readTextFile } from '../kit/text-file.ts';
import { loadPipeline } from '../pipeline/load.ts';
import type { Pipeline, Stage } from '../pipeline/model.ts';
import { PipeError, unwrap } from '../problem/problem.ts';
import type { Problem } from '../problem/problem.ts';
import { findProjectFiles, unreadableFolder } from '../project/project-files.ts';
import type { Project } from '../project/project.ts';
import { openProject } from '../project/project.ts';
import type { RecordStamp } from '../project/record-stamp.ts';
import { recordStamp } from '../project/record-stamp.ts';
import { clean } from '../report/words.ts';
import type { Context } from './command.ts';
import { gpuCount, memoryBytes } from './machine.ts';

/** A project with its pipeline files read and checked. */
export interface LoadedProject {
  readonly project: Project;
  readonly pipelines: readonly Pipeline[];
  readonly stages: readonly Stage[];
  /** Pointers, relative to the root; those inside outs of stages are data of the outs. */
  readonly pointerFiles: readonly string[];
  /** Folders that this user must not read. */
  readonly unreadable: readonly string[];
  /** From before anything of it was read. */
  readonly stamp: RecordStamp;
}

/**
 * Opens the project around the current folder and reads all its pipeline files.
 * @throws {PipeError} with every problem of every file at once.
 */
export function loadProject(context: Pick<Context, 'cwd' | 'env'>): LoadedProject {
  const { problems, ...loaded } = readProject(context);
  if (problems.length > 0) throw new PipeError(problems);
  return loaded;
}

/** The same for commands that make do with what can be read: files with problems are left out, and told. */
export function readProject(
  context: Pick<Context, 'cwd' | 'env'>,
): LoadedProject & { readonly problems: readonly Problem[] } {
  const project = openProject(context);
  const stamp = recordStamp(project);
  const pipelines: Pipeline[] = [];
  const problems: Problem[] = [];
  const machine = { cpus: availableParallelism(), memoryBytes: memoryBytes(), gpus: gpuCount() };
  const { config } = project;
  const parsing = { bool: config.get('parsing.bool'), list: config.get('parsing.list') };
  const folder = indexFolder(project.root, context.env);
  const cache = openPipelineCache(folder && join(folder, 'pipelines.v8'), JSON.stringify([machine, parsing]));
  const inputs = { read: reader(project.root), env: context.env };
  const files = findProjectFiles(project);
  for (const file of files.pipelines) {
    const loaded = cache.get(file, inputs, (recorded) =>
      loadPipeline({ file, root: project.root, ...recorded, machine, parsing }),
    );
    if (loaded.ok) pipelines.push(loaded.value);
    else problems.push(...loaded.problems);
  }
  cache.save();
  const stages = pipelines.flatMap((pipeline) => pipeline.stages);
  const pointerFiles = outsideOuts(files.pointers, stages);
  return { problems, project, stamp, pipelines, stages, pointerFiles, unreadable: files.unreadable };
}

/** Tells which folders must not be read: what lies in them is left alone, be it pipelines or pointers. */
export function tellUnreadable({ unreadable }: Pick<LoadedProject, 'unreadable'>): void {
  for (const folder of unreadable) {
    const { message, hint = '' } = unreadableFolder(folder);
    tellNotice(`${clean(message)}\n  hint: ${clean(hint)}`);
  }
}

/**
 * The graph of a loaded project.
 * @throws {PipeError} for cycles, duplicate and overlapping outs.
 */
export function graphOf(loaded: LoadedProject): Graph {
  return unwrap(buildGraph(loaded.stages));
}

function reader(root: string): (path: string) => string | undefined {
  return (path) => readTextFile(join(root, path), path);
}
