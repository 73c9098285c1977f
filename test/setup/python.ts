import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { installTool, toolFolder } from './cache.ts';
import { runInstaller } from './run.ts';

/** uv installs in seconds where pip takes minutes; a version of our own, whatever the machine has. */
const UV_VERSION = '0.13.8';

/** A command that comes as a Python package, in a virtual environment of its own. */
export interface PythonTool {
  readonly command: string;
  /** As pip names it, with its version. */
  readonly requirement: string;
  /** The folder in the tool cache. */
  readonly name: string;
  /** What installs it: `npm run setup`, or `npm run setup:bench`. */
  readonly setup: string;
}

/**
 * The absolute path of a tool's command.
 * @throws {Error} that names the command to run when it is not installed
 */
export function pythonTool({ command, requirement, name, setup }: PythonTool): string {
  const path = join(toolFolder(name), 'bin', command);
  if (existsSync(path)) return path;
  throw new Error(`this needs ${requirement}, which is not installed: run "${setup}"`);
}

/** Makes a tool available; does nothing when it is there. */
export async function installPythonTool(tool: PythonTool): Promise<string> {
  await installTool(tool.name, async (folder) => {
    const uv = await installUv();
    await runInstaller('python3', ['-m', 'venv', '--without-pip', folder]);
    const python = join(folder, 'bin/python');
    // Compiled as a user's install ends up after its first run: else every run would compile its modules anew.
    await runInstaller(uv, ['pip', 'install', '--quiet', '--compile-bytecode', '--python', python, tool.requirement]);
  });
  return pythonTool(tool);
}

async function installUv(): Promise<string> {
  const folder = await installTool(`uv-${UV_VERSION}`, async (made) => {
    await runInstaller('python3', ['-m', 'venv', made]);
    await runInstaller(join(made, 'bin/pip'), ['install', '--quiet', `uv==${UV_VERSION}`]);
  });
  return join(folder, 'bin/uv');
}
