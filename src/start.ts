import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { codeCache, runScript } from './code-cache.ts';
import { VERSION } from './kit/version.ts';

/** The file name of the script that holds `src/cli.ts`, put in by the build. */
declare const PIPE_PROGRAM: string;

interface Module {
  exports: unknown;
}
type Modules = Readonly<Record<string, (module: Module, exports: unknown, require: (name: string) => unknown) => void>>;

/** What `dist/cli.js` does: starts the program beside it by the quickest way. `--version` needs no program. */
function start(words: readonly string[]): void {
  const [first = ''] = words;
  if (words.length === 1 && (first === '--version' || first === '-V')) {
    // Nobody may be reading (`pipe --version | true`).
    process.stdout.on('error', () => undefined).write(`${VERSION}\n`);
    return;
  }
  const modulesOf = (name: string): Modules => {
    const file = join(import.meta.dirname, name);
    const script = runScript(file, codeCache(file, first, process.env)) as (file: string, folder: string) => Modules;
    return script(file, dirname(file));
  };
  requireFrom(modulesOf(PIPE_PROGRAM), modulesOf)('./program.js');
}

/** A `require` as CommonJS has it: from the program's modules, from scripts of their own (`./`), from Node.js. */
function requireFrom(program: Modules, modulesOf: (script: string) => Modules): (name: string) => unknown {
  const fromNode = createRequire(import.meta.filename);
  const loaded = new Map<string, Module>();
  const require = (name: string): unknown => {
    if (!name.startsWith('./')) return fromNode(name);
    const known = loaded.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    loaded.set(name, module);
    (program[name] ?? modulesOf(name)[name])?.(module, module.exports, require);
    return module.exports;
  };
  return require;
}

start(process.argv.slice(2));
