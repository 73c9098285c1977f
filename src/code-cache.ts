import { createHash, timingSafeEqual } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { Script } from 'node:vm';
import { cacheHome } from './kit/cache-home.ts';

/**
 * Compiled code, kept between runs: of the time that a short command takes, compiling its JavaScript is the largest part
 * that is ours. V8 (`vm.Script`, `cachedData`) checks that its version and flags are the same, and the length of the
 * source; that the source is the same is told by the name of its file, which the build makes from the content; that not
 * a byte has changed since it was written, by a digest before the data.
 */
export interface CodeCache {
  readonly file: string;
  /** Of the user that runs this; `undefined` where users have no number. */
  readonly user: number | undefined;
}

/** Below `PIPE_CODE_CACHE`. */
const OWN_FOLDER = 'pipe-code';

/** The end of the names that `codeCache` gives, also while they are written. */
const OWN_NAME = /-[a-z][a-z-]{1,20}-v\d+\.\d+\.\d+[\w.-]*-[a-z\d]+(?:\.\d+\.tmp)?$/;

type Environment = Readonly<Record<string, string | undefined>>;

/** Bytes of the SHA-256 before the data. */
const HEAD = 32;

/** Days. A cache that was written longer ago goes when another is written: it is of a version that is gone, or soon made again. */
const KEPT = 30;

/**
 * Runs a script of ASCII characters with the code that an earlier run of the same command compiled; without such, leaves
 * what this run compiles.
 * @param cache where it lies; `undefined`: nothing is kept
 * @returns what the script's last expression says
 */
export function runScript(file: string, cache: CodeCache | undefined): unknown {
  const cachedData = cache && readCode(cache);
  const script = new Script(readFileSync(file, 'latin1'), { filename: file, ...(cachedData && { cachedData }) });
  if (cache !== undefined && (cachedData === undefined || script.cachedDataRejected === true)) {
    // At the end, when the functions are compiled that the command calls: V8 compiles one when it is first called. Not
    // after a mistake of the user's (2) or a bug of ours (70): what these call is not what the command calls.
    process.once('exit', (code) => {
      if (code === 0 || code === 1) keepCode(cache, script.createCachedData());
    });
  }
  return script.runInThisContext();
}

/**
 * Where the code of a command lies: in the user's cache folder, or where `PIPE_CODE_CACHE` says.
 * @param command the first word of the command line, if any: each command calls functions of its own
 * @returns `undefined` where none is wanted: `PIPE_CODE_CACHE=off`, or Node's own `NODE_DISABLE_COMPILE_CACHE` and
 *   `NODE_V8_COVERAGE`
 */
export function codeCache(script: string, command: string, env: Environment): CodeCache | undefined {
  const { PIPE_CODE_CACHE: folder, NODE_DISABLE_COMPILE_CACHE: disabled, NODE_V8_COVERAGE: coverage } = env;
  if (folder === 'off' || Boolean(disabled) || Boolean(coverage)) return undefined;
  // A folder of our own: what else lies in the one that was named is not ours to look after.
  const base = folder !== undefined && isAbsolute(folder) ? join(folder, OWN_FOLDER) : cacheFolder(env);
  if (base === undefined) return undefined;
  const what = /^[a-z][a-z-]{1,20}$/.test(command) ? command : 'other';
  const name = `${basename(script, '.js')}-${what}-${process.version}-${process.arch}`;
  return { file: join(base, name), user: process.getuid?.() };
}

function cacheFolder(env: Environment): string | undefined {
  const home = cacheHome(env);
  return home && join(home, 'pipe', 'code');
}

/** The code that was kept, if it is whole, and if nobody else could have written it. */
function readCode({ file, user }: CodeCache): Buffer | undefined {
  let handle;
  try {
    // A pipe that somebody put there would be waited for; Windows knows neither flag.
    const { O_RDONLY, O_NONBLOCK = 0, O_NOFOLLOW = 0 } = constants as Partial<typeof constants> & { O_RDONLY: number };
    handle = openSync(file, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
    const stat = fstatSync(handle);
    const { uid, mode } = stat;
    if (!stat.isFile()) return undefined;
    if (user !== undefined && ((uid !== user && uid !== 0) || (mode & 0o022) !== 0)) return undefined;
    const bytes = readFileSync(handle);
    const data = bytes.subarray(HEAD);
    return bytes.length > HEAD && timingSafeEqual(digest(data), bytes.subarray(0, HEAD)) ? data : undefined;
  } catch {
    return undefined; // whatever is wrong with it, the program runs without
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** Keeps code for the next run, if it can be kept: the command is over, and nobody asked for this. */
function keepCode({ file, user }: CodeCache, data: Buffer): void {
  const folder = dirname(file);
  const temporary = `${file}.${String(process.pid)}.tmp`;
  try {
    // Another user's home (`sudo -E`) would be left with a folder that its owner cannot write to.
    if (user !== undefined && statSync(firstThere(folder)).uid !== user) return;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(temporary, Buffer.concat([digest(data), data]), { mode: 0o600, flag: 'wx' });
    renameSync(temporary, file);
    removeOld(folder);
  } catch {
    removeIfThere(temporary);
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // it is not there, or on a disk that takes nothing
  }
}

function firstThere(folder: string): string {
  return statSync(folder, { throwIfNoEntry: false }) === undefined ? firstThere(dirname(folder)) : folder;
}

function removeOld(folder: string): void {
  const before = Date.now() - KEPT * 24 * 60 * 60 * 1000;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (OWN_NAME.test(name) && lstatSync(path).mtimeMs < before) removeIfThere(path);
  }
}

function digest(data: Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}
