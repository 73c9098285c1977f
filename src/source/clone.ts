import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  rmdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clonesFolder, nameOf } from '../index/location.ts';
import { removeTree } from '../kit/remove-tree.ts';
import { namesIn } from '../kit/temporary.ts';
import { PipeError } from '../problem/problem.ts';
import { withEditLock, withLongLock } from '../project/edit-lock.ts';
import type { GitCommand } from '../project/git-command.ts';
import { gitOutput, runGit } from '../project/git-command.ts';
import { withSettings } from './git-settings.ts';
import type { Repository, RepositoryOptions } from './repository.ts';
import { noRevision } from './repository.ts';

interface CloneOptions extends RepositoryOptions {
  /** How messages call it. */
  readonly name: string;
}

/** Clones that nobody has used for so long are removed by whoever looks next. */
const KEPT_DAYS = 30;

/** What Git may be reached by; `ext` and what else helpers offer could run any program. */
const PROTOCOLS = 'file:git:http:https:ssh';

/**
 * Brings a revision of a repository into its clone, and does something with it. Of commits, only the one that is meant
 * comes, and no files but those that are read, where the server can do that. One process at a time works with a clone.
 */
export async function withClone<T>(options: CloneOptions, work: (repository: Repository) => Promise<T>): Promise<T> {
  const { url, name, env, signal, onWait } = options;
  const clones = clonesFolder(env);
  const own = clones === undefined ? mkdtempSync(join(tmpdir(), 'pipe-clone-')) : join(clones, nameOf(url));
  const lock = { signal, onWait: () => onWait?.(`another process works with the clone of ${name}: waiting`) };
  try {
    if (clones !== undefined) removeUnused(clones, own);
    mkdirSync(own, { recursive: true, mode: 0o700 });
    return await withLongLock(join(own, 'lock'), lock, async () => {
      const clone = await openClone(own, options);
      const commit = await clone.resolve(options.rev);
      const { command, bring, bringCommit } = clone;
      return work({ name, commit, command, bring, bringCommit });
    });
  } finally {
    if (clones === undefined) removeTree(own);
  }
}

/** Removes clones that were not used for long, but for one, and those that nobody works with alone. */
function removeUnused(clones: string, but: string): void {
  const oldest = Date.now() - KEPT_DAYS * 86_400_000;
  const isOld = (folder: string): boolean => {
    const used = statSync(join(folder, 'used'), { throwIfNoEntry: false })?.mtimeMs;
    return used !== undefined && used < oldest;
  };
  for (const folder of namesIn(clones).map((name) => join(clones, name))) {
    if (folder === but || !isOld(folder)) continue;
    try {
      withEditLock(join(folder, 'lock'), () => { if (isOld(folder)) removeTree(join(folder, 'repository.git')); }, 0); // prettier-ignore
      rmSync(join(folder, 'used'), { force: true });
      rmdirSync(folder);
    } catch (error) {
      // Somebody works with it, after all.
      if (!(error instanceof PipeError) && (error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
    }
  }
}

interface Clone {
  readonly command: GitCommand;
  readonly resolve: (rev: string | undefined) => Promise<string>;
  readonly bring: Repository['bring'];
  readonly bringCommit: Repository['bringCommit'];
}

async function openClone(folder: string, { url, name, env, signal }: CloneOptions): Promise<Clone> {
  const cwd = join(folder, 'repository.git');
  touch(join(folder, 'used'));
  // Without the URL nothing is fetched on the way: what is missing shows as missing.
  const offline: GitCommand = { cwd, env: settingsFor(env, SETTINGS), signal };
  const command: GitCommand = { cwd, env: settingsFor(env, { ...SETTINGS, ...remoteSettings(url) }), signal };
  if (!existsSync(join(cwd, 'HEAD'))) {
    removeTree(cwd);
    mkdirSync(cwd, { recursive: true });
    await gitOutput(offline, ['init', '-q', '--bare', '--template=', '.']);
  }
  removeLocks(cwd);
  const fetch = new Fetcher(command, offline, name);
  return {
    command,
    resolve: (rev) => fetch.resolve(rev),
    bring: (ids) => fetch.bring(ids),
    bringCommit: (commit) => fetch.bringCommit(commit),
  };
}

function touch(file: string): void {
  if (!existsSync(file)) writeFileSync(file, '');
  utimesSync(file, new Date(), new Date());
}

/** Locks that a killed Git left: nobody else is here. */
function removeLocks(cwd: string): void {
  const refs = existsSync(join(cwd, 'refs'))
    ? readdirSync(join(cwd, 'refs'), { recursive: true, encoding: 'utf8' })
    : [];
  const names = [...readdirSync(cwd), ...refs.map((name) => join('refs', name))];
  for (const name of names) if (name.endsWith('.lock')) rmSync(join(cwd, name), { force: true });
}

/** Git neither tidies up behind our back, nor runs hooks, nor looks into submodules. */
const SETTINGS = {
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'fetch.recurseSubmodules': 'false',
  'core.hooksPath': '/dev/null',
  'protocol.ext.allow': 'never',
};

function settingsFor(env: GitCommand['env'], settings: Readonly<Record<string, string>>): GitCommand['env'] {
  return { ...withSettings(env, settings), GIT_ALLOW_PROTOCOL: PROTOCOLS, GIT_NO_REPLACE_OBJECTS: '1' };
}

function remoteSettings(url: string): Record<string, string> {
  return {
    'remote.origin.url': url,
    'remote.origin.promisor': 'true',
    'remote.origin.partialclonefilter': 'blob:none',
  };
}

const FULL_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

/** Where commits that came are kept, so that they stay. */
const KEPT = 'refs/pipe/commits/';

class Fetcher {
  readonly #command: GitCommand;
  readonly #offline: GitCommand;
  readonly #name: string;
  /** Whether the server said of what was asked for last that it has no such commit. */
  #isUnknown = false;

  constructor(command: GitCommand, offline: GitCommand, name: string) {
    this.#command = command;
    this.#offline = offline;
    this.#name = name;
  }

  async resolve(rev: string | undefined): Promise<string> {
    if (rev !== undefined && FULL_ID.test(rev)) {
      if (await this.#has(rev)) return rev;
      if (await this.#fetchOne(rev)) return this.#keep('refs/pipe/tip');
    }
    const named = await this.#named(rev);
    if (named !== undefined) {
      if (await this.#has(named.commit)) return named.commit;
      if (await this.#fetchOne(named.ref)) return this.#keep('refs/pipe/tip');
    }
    await this.#fetchAll();
    const candidates = rev === undefined ? [HEAD] : placesOf(rev);
    for (const candidate of candidates) {
      const { exitCode } = await runGit(this.#offline, ['rev-parse', '--verify', '--quiet', `${candidate}^{commit}`]);
      if (exitCode === 0) return this.#keep(candidate);
    }
    throw noRevision(this.#name, rev ?? 'HEAD');
  }

  /**
   * Brings one more commit. To read a tree of a commit that is not here would have Git fetch it by itself, and with it all
   * that came before.
   */
  async bringCommit(commit: string): Promise<boolean> {
    if (await this.#has(commit)) return true;
    if (await this.#fetchOne(commit)) return (await this.#keep('refs/pipe/tip')) === commit;
    // Some servers give only what a branch or tag names, others say that they do not have it.
    if (this.#isUnknown) return false;
    await this.#fetchAll();
    const { exitCode } = await runGit(this.#offline, ['rev-parse', '--verify', '--quiet', `${commit}^{commit}`]);
    return exitCode === 0 && (await this.#keep(commit)) === commit;
  }

  /** Brings blobs that are not here yet, all at once. */
  async bring(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const input = `${[...new Set(ids)].join('\n')}\n`;
    const checked = await gitOutput(this.#offline, ['cat-file', '--batch-check=%(objectname)', '--buffer'], input);
    const missing = checked
      .toString('latin1')
      .split('\n')
      .flatMap((line) => (line.endsWith(' missing') ? [line.slice(0, -8)] : []));
    if (missing.length === 0) return;
    const args = ['-c', 'fetch.negotiationAlgorithm=noop', ...FETCH, '--filter=blob:none', '--stdin', 'origin'];
    const fetched = await runGit(this.#command, args, `${missing.join('\n')}\n`);
    // Servers that cannot give single objects gave them all before, or Git asks for each when it is read.
    if (fetched.exitCode !== 0 && /Authentication|could not read|denied/i.test(fetched.stderr)) throw this.#failed(fetched.stderr); // prettier-ignore
  }

  async #has(commit: string): Promise<boolean> {
    const { exitCode } = await runGit(this.#offline, ['rev-parse', '--verify', '--quiet', `${KEPT}${commit}`]);
    return exitCode === 0;
  }

  /** The ref that a name stands for there, as Git prefers them, and its commit. */
  async #named(rev: string | undefined): Promise<{ readonly ref: string; readonly commit: string } | undefined> {
    const refs = rev === undefined ? ['HEAD'] : [rev, `refs/tags/${rev}`, `refs/heads/${rev}`];
    const patterns = refs.flatMap((ref) => [ref, `${ref}^{}`]);
    const { exitCode, stdout, stderr } = await runGit(this.#command, ['ls-remote', '--quiet', 'origin', ...patterns]);
    if (exitCode !== 0) throw this.#failed(stderr);
    const found = new Map(
      stdout
        .toString('utf8')
        .split('\n')
        .map((line): [string, string] => {
          const [id = '', ref = ''] = line.split('\t');
          return [ref, id];
        }),
    );
    for (const ref of refs) {
      const commit = found.get(`${ref}^{}`) ?? found.get(ref);
      if (commit !== undefined) return { ref, commit };
    }
    return undefined;
  }

  /** Fetches one commit without what came before it; the whole of it where the server cannot do less. */
  async #fetchOne(ref: string): Promise<boolean> {
    const spec = [`+${ref}:refs/pipe/tip`];
    const light = await runGit(this.#command, [...FETCH, '--depth=1', '--filter=blob:none', 'origin', ...spec]);
    this.#isUnknown = /not our ref/.test(light.stderr);
    if (light.exitCode === 0) return true;
    if (this.#isUnknown) return false;
    const whole = await runGit(this.#command, [...FETCH, 'origin', ...spec]);
    return whole.exitCode === 0;
  }

  /** Fetches all branches and tags with their history: only so a short id or `main~3` can be found. */
  async #fetchAll(): Promise<void> {
    const specs = ['+HEAD:refs/pipe/HEAD', '+refs/heads/*:refs/pipe/heads/*', '+refs/tags/*:refs/pipe/tags/*'];
    const args = (): string[] => {
      const isShallow = existsSync(join(this.#command.cwd, 'shallow'));
      return [...FETCH, '--prune', ...(isShallow ? ['--unshallow'] : []), 'origin', ...specs];
    };
    const light = await runGit(this.#command, [...args(), '--filter=blob:none']);
    // The first try may have brought the history before it failed: it is looked at again.
    const done = light.exitCode === 0 ? light : await runGit(this.#command, args());
    if (done.exitCode !== 0) throw this.#failed(done.stderr);
  }

  async #keep(ref: string): Promise<string> {
    const output = await gitOutput(this.#offline, ['rev-parse', '--verify', `${ref}^{commit}`]);
    const commit = output.toString().trim();
    await gitOutput(this.#offline, ['update-ref', `${KEPT}${commit}`, commit]);
    return commit;
  }

  #failed(stderr: string): PipeError {
    const lines = stderr.split('\n').filter((line) => line !== '');
    const said = lines.find((line) => line.startsWith('fatal: ')) ?? lines[0] ?? 'Git did not say why';
    const wantsLogin = /could not read Username|Authentication failed|Permission denied|403|terminal prompts/i.test(
      stderr,
    );
    const hint = wantsLogin
      ? "Git asks for credentials as ever: a credential helper, an SSH key, or '${NAME}' in the URL for an environment variable"
      : 'try `git ls-remote` with this URL';
    const why = said.replace(/^fatal: /, '').replace(/(?:repository )?'[^']*:\/\/[^']*'/g, 'the repository');
    return new PipeError({ code: 'PIPE_GIT', message: `cannot reach the repository ${this.#name}: ${why}`, hint });
  }
}

const FETCH = ['fetch', '-q', '--no-tags', '--no-write-fetch-head', '--recurse-submodules=no'];

const HEAD = 'refs/pipe/HEAD';

/** What a revision can mean in a clone, whose refs have names of their own. */
function placesOf(rev: string): string[] {
  const name = rev.replace(/^refs\//, '');
  const at = /^HEAD(?=$|[~^@])/.test(rev) ? [rev.replace('HEAD', HEAD)] : [];
  return [...at, `refs/pipe/tags/${rev}`, `refs/pipe/heads/${rev}`, `refs/pipe/${name}`, rev];
}
