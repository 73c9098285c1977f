import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { dvcBinary } from '../setup/dvc.ts';
import { FakeCommand } from './command.ts';
import type { Environment, RigFolders } from './environment.ts';
import { rigEnvironment, systemConfig } from './environment.ts';
import { killLeftovers, leftovers } from './leftover.ts';
import type { Finished, SpawnOptions } from './process.ts';
import { Running } from './process.ts';
import type { TerminalOptions } from './terminal.ts';
import { Terminal } from './terminal.ts';

/** The built command, as a user runs it. */
export const PIPE = resolve(import.meta.dirname, '../../dist/cli.js');

/** How to run a command; `cwd` is relative to the project, `env` adds to the rig's (undefined takes away). */
export type RunOptions = Partial<SpawnOptions>;

/** What a file holds. An object is written as JSON, which YAML files may hold as well. */
export type Content = string | Uint8Array | Readonly<Record<string, unknown>>;

/** As many stages at once on every machine, however many cores it has. */
const SYSTEM_CONFIG = 'core:\n  jobs: 4\n';

/** A temporary project, the real `pipe` and fake commands, apart from everything else on the machine. */
export class Rig {
  /** Absolute path of the project. */
  readonly project: string;
  readonly env: Environment;
  readonly #root: string;
  readonly #commands: FakeCommand[] = [];

  private constructor(root: string, folders: RigFolders) {
    this.#root = root;
    this.project = folders.project;
    this.env = rigEnvironment(folders, basename(root));
  }

  /** Sets up a rig with an empty project; `cleanup` removes it. */
  static async create(): Promise<Rig> {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'pipe-rig-')));
    await chmod(root, 0o755); // tests that give up root's rights still get there
    const at = (name: string): string => join(root, name);
    const folders = { project: at('project'), home: at('home'), bin: at('bin'), temporary: at('tmp') };
    for (const folder of Object.values(folders)) await mkdir(folder);
    await symlink(PIPE, join(folders.bin, 'pipe'));
    await mkdir(systemConfig(folders), { recursive: true });
    await writeFile(join(systemConfig(folders), 'config.yaml'), SYSTEM_CONFIG);
    return new Rig(root, folders);
  }

  /** The absolute path of a place in the project. */
  path(...parts: string[]): string {
    return resolve(this.project, ...parts);
  }

  /** Writes files, making their folders. */
  async write(files: Readonly<Record<string, Content>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(this.path(name)), { recursive: true });
      const bytes = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
      await writeFile(this.path(name), bytes);
    }
  }

  /** The text of a file. */
  async read(name: string): Promise<string> {
    return readFile(this.path(name), 'utf8');
  }

  /** Whether something is there; a symlink that leads nowhere is. */
  async exists(name: string): Promise<boolean> {
    return lstat(this.path(name)).then(
      () => true,
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
        throw error;
      },
    );
  }

  /** The files below a folder, as sorted paths relative to it; `.git` and `.pipe` are left out. */
  async files(folder = '.'): Promise<string[]> {
    const found: string[] = [];
    for (const entry of await readdir(this.path(folder), { withFileTypes: true })) {
      if (entry.name === '.git' || entry.name === '.pipe') continue;
      if (!entry.isDirectory()) found.push(entry.name);
      else for (const below of await this.files(join(folder, entry.name))) found.push(`${entry.name}/${below}`);
    }
    return found.sort();
  }

  /** Removes files and folders; what is not there needs no removing. */
  async remove(...names: string[]): Promise<void> {
    for (const name of names) await rm(this.path(name), { recursive: true, force: true });
  }

  /** Starts a command without waiting for it. */
  start(command: string, args: readonly string[] = [], options: RunOptions = {}): Running {
    const env = { ...this.env, ...options.env };
    return new Running(command, args, { ...options, cwd: this.path(options.cwd ?? '.'), env });
  }

  /** Runs a command to its end. */
  async run(command: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Finished> {
    return this.start(command, args, options).done;
  }

  /** Starts `pipe` without waiting for it. */
  spawn(args: readonly string[], options: RunOptions = {}): Running {
    return this.start(PIPE, args, options);
  }

  /** Runs `pipe` to its end. */
  async pipe(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.spawn(args, options).done;
  }

  /** Runs `pipe` in a terminal of its own. */
  terminal(args: readonly string[], options: Partial<TerminalOptions> = {}): Terminal {
    const env = { ...this.env, ...options.env };
    return new Terminal(PIPE, args, { columns: 80, rows: 24, ...options, cwd: this.path(options.cwd ?? '.'), env });
  }

  /**
   * Runs Git in the project, and returns what it printed without the last newline.
   * @throws {Error} when it fails
   */
  async git(...args: string[]): Promise<string> {
    return this.#succeed('git', args);
  }

  /**
   * Runs the DVC that `pipe` is compared with.
   * @throws {Error} when it fails or is not installed
   */
  async dvc(...args: string[]): Promise<string> {
    return this.#succeed(dvcBinary(), args);
  }

  /** A new fake command for a pipeline. */
  async command(): Promise<FakeCommand> {
    const command = await FakeCommand.listen(join(this.#root, `${this.#commands.length}.sock`));
    this.#commands.push(command);
    return command;
  }

  /** The ids of all processes that the rig's commands started and that still run. */
  async leftovers(): Promise<number[]> {
    return leftovers(basename(this.#root));
  }

  /** Ends every process that is left and removes all folders, read-only ones included. */
  async cleanup(): Promise<void> {
    for (const command of this.#commands) await command.close();
    await killLeftovers(basename(this.#root));
    await makeWritable(this.#root);
    await rm(this.#root, { recursive: true, force: true });
  }

  async #succeed(command: string, args: readonly string[]): Promise<string> {
    const { code, signal, stdout, stderr } = await this.run(command, args);
    if (code === 0) return stdout.replace(/\n$/, '');
    throw new Error(`${[command, ...args].join(' ')} ended with ${String(code ?? signal)}\n${stdout}\n${stderr}`);
  }
}

/** Whoever is not root cannot remove what lies in a read-only folder. */
async function makeWritable(folder: string): Promise<void> {
  if (process.getuid?.() === 0) return;
  await chmod(folder, 0o700);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) await makeWritable(join(folder, entry.name));
  }
}
