import type { PythonTool } from './python.ts';
import { installPythonTool, pythonTool } from './python.ts';

/** The DVC that `pipe` is compared with, as an oracle and for speed. */
export const DVC_VERSION = '3.67.1';

const DVC: PythonTool = {
  command: 'dvc',
  requirement: `dvc==${DVC_VERSION}`,
  name: `dvc-${DVC_VERSION}`,
  setup: 'npm run setup',
};

/**
 * The absolute path of the `dvc` command.
 * @throws {Error} that names the command to run when it is not installed
 */
export function dvcBinary(): string {
  return pythonTool(DVC);
}

/** Makes DVC available in a virtual environment of its own; does nothing when it is there. */
export function installDvc(): Promise<string> {
  return installPythonTool(DVC);
}
