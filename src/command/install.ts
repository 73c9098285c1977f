import { relative } from 'node:path';
import { PipeError } from '../problem/problem.ts';
import { autostage } from '../project/autostage.ts';
import type { Installed } from '../project/install/install.ts';
import { install, uninstall } from '../project/install/install.ts';
import { openProject } from '../project/project.ts';
import type { OptionSpecs } from './command.ts';
import { defineCommand } from './command.ts';

const options = {
  'use-pre-commit-tool': { type: 'boolean', help: 'let the tool pre-commit run the hooks: adds them to its config' },
  force: { type: 'boolean', short: 'f', help: 'add to hooks of others that are shell scripts' },
  undo: { type: 'boolean', help: 'take back what was installed' },
} as const satisfies OptionSpecs;

export default defineCommand({
  usage: '',
  positionals: { min: 0, max: 0 },
  json: true,
  details: [
    'post-checkout  runs `pipe checkout` after another branch or commit was checked out',
    'post-merge     runs `pipe checkout` after `git merge` and `git pull`',
    'pre-commit     runs `pipe status`',
    'pre-push       runs `pipe push` before `git push`, for the commits that go, where the project has a remote',
    '',
    'The merge driver merges pipeline.lock stage by stage and pointers (*.pipe) field by field,\nand the folders that these track file by file.',
  ].join('\n'),
  options,
  async run({ cwd, env }, { options: given }) {
    const project = openProject({ cwd, env });
    const { root, gitRoot } = project;
    if (gitRoot === undefined) {
      const hint = 'run `git init` in it, or take core.no_scm out of its config: `pipe config --unset core.no_scm`';
      throw new PipeError({ code: 'PIPE_GIT_MISSING', message: `${root} does without Git`, hint });
    }
    const [undo, usePreCommitTool] = [given.undo === true, given['use-pre-commit-tool'] === true];
    if (undo && (usePreCommitTool || given.force === true)) {
      throw new PipeError({
        code: 'PIPE_USAGE',
        message: '--undo cannot be combined with other options of pipe install',
        hint: 'it takes back everything',
      });
    }
    const place = { root, gitRoot, env };
    const done = undo
      ? await uninstall(place)
      : await install(place, { force: given.force === true, usePreCommitTool });
    const tracked = done.changed.filter((path) => /[\\/]\.(?:gitattributes|pre-commit-config\.yaml)$/.test(path));
    await autostage(project, env, undo ? [] : tracked);
    const changed = done.changed.map((path) => relative(cwd, path));
    return {
      text: [
        headOf(undo, changed),
        ...changed.map((path) => `  ${path}`),
        ...leftLines(done.committed.map((path) => relative(cwd, path))),
        ...nextSteps(tracked, given),
      ].join('\n'),
      json: {
        schema: 'pipe.install/1',
        undo,
        hooksFolder: done.hooksFolder,
        changed: shownIn(root, done.changed),
        committed: shownIn(root, done.committed),
      },
    };
  },
});

function shownIn(root: string, paths: Installed['changed']): string[] {
  return paths.map((path) => relative(root, path));
}

function headOf(undo: boolean, changed: readonly string[]): string {
  if (changed.length === 0) return undo ? 'Nothing was installed.' : 'Everything is in place already.';
  return undo ? 'Taken back:' : 'Git calls pipe now. Written:';
}

function leftLines(committed: readonly string[]): string[] {
  return committed.map(
    (path) =>
      `Left as it is: ${path}, which is committed, and applies to everyone. Here it does nothing without the driver.`,
  );
}

function nextSteps(tracked: readonly string[], given: Readonly<Record<string, boolean | undefined>>): string[] {
  if (given['undo'] === true || tracked.length === 0) return [];
  const tool = 'Next: `pre-commit install -t pre-commit -t pre-push -t post-checkout -t post-merge`.';
  const isTool = given['use-pre-commit-tool'] === true;
  return ['', ...(isTool ? [tool] : []), 'Commit what lies in the work tree, so that it applies to everyone.'];
}
