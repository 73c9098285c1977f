import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { rigEnvironment } from '../../test/rig/environment.ts';
import { runProcess } from '../process.ts';
import type { Place } from '../place.ts';
import type { World } from '../scenario.ts';

/** Without SHELL, all tools run commands in /bin/sh. Python may keep its compiled modules: without, DVC starts slowly. */
const UNSET = { SHELL: undefined, PYTHONDONTWRITEBYTECODE: undefined, PYTHONUNBUFFERED: undefined };

/** A world that can be thrown away. */
export interface DisposableWorld extends World {
  dispose(): void;
}

/** Makes an empty world in a folder: no run finds what another one has cached, wherever a tool keeps its caches. */
export function createWorld({ folder: place, s3 }: Pick<Place, 'folder' | 's3'>): DisposableWorld {
  const root = mkdtempSync(join(place, 'world-'));
  const at = (name: string): string => join(root, name);
  const folders = { project: at('project'), home: at('home'), bin: at('bin'), temporary: at('tmp') };
  for (const folder of Object.values(folders)) mkdirSync(folder);
  const env = { ...rigEnvironment(folders, 'bench'), ...UNSET, ...s3?.env };
  const folder = folders.project;
  return {
    folder,
    place,
    env,
    ...(s3 && { s3 }),
    run: (command, code = 0) => runProcess(command, { folder, env, code }),
    dispose() {
      rmSync(root, { recursive: true, force: true });
    },
  };
}
