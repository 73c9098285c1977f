/**
 * Bundles `src/cli.ts` into one script in `dist/`, with the entry that starts it. Runs as `npm run build`, and by itself
 * under `npm ci` (`prepare`).
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { build, transform } from 'esbuild';
import { isMain, isMissing, ROOT } from './lib.mjs';
import { noticesOf } from './notices.mjs';

/**
 * Builds the command into `dist/` of a checkout: the program as a script of modules, the large libraries as scripts of
 * their own, and the entry that starts it all through V8's code cache (src/start.ts).
 *
 * esbuild splits the program at each `import()`. Its chunks become functions in one script, each run when it is first
 * needed: opening and linking 63 ES modules took longer than all that `pipe status` does, and one flat script of
 * everything makes ten thousand functions that nobody calls. Only the packages under `dependencies` are loaded from
 * outside (native ones find their binary beside themselves).
 * @returns {Promise<{ files: number, bytes: number }>} what was made
 */
export async function buildCli(root = ROOT) {
  await requireFile(join(root, 'src/cli.ts'));
  const { dependencies = {}, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const settings = { absWorkingDir: root, external: Object.keys(dependencies) };
  const define = { PIPE_VERSION: JSON.stringify(version) };
  const program = await bundle({
    ...settings,
    ...SPLIT,
    // To Node the package itself offers CommonJS only.
    alias: { yaml: join(root, 'node_modules/yaml/browser/dist/index.js') },
    define,
    entryPoints: { program: 'src/cli.ts' },
  });
  refuseHiddenNames(program.metafile);
  const files = await scriptsOf(program);
  const [name] = files.keys();
  const others = await bundle({
    ...settings,
    define: { ...define, PIPE_PROGRAM: JSON.stringify(name) },
    entryPoints: {
      cli: 'src/start.ts',
      'executor-host': 'src/executor/host.ts',
      'helper-thread': 'src/thread/thread.ts',
    },
  });
  for (const { path, text } of others.outputFiles) files.set(basename(path), text);
  files.set('cli.js', `#!/usr/bin/env node\n${files.get('cli.js')}`);
  files.set('package.json', '{"type":"commonjs"}\n'); // what Node takes the scripts for
  files.set('notices.txt', await noticesOf(root, Object.keys(program.metafile.inputs)));
  await place(files, join(root, 'dist'));
  await linkCommand(root);
  return { files: files.size, bytes: [...files.values()].reduce((sum, text) => sum + text.length, 0) };
}

/** What is the same for all scripts. The code cache reads them as ASCII, and in a script there is no `import()`. */
const SCRIPT = {
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  charset: 'ascii',
  supported: { 'dynamic-import': false }, // what is loaded late becomes a late `require`
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none', // the licences are in dist/notices.txt
};

/** esbuild splits ES modules only. */
const SPLIT = { format: 'esm', splitting: true, chunkNames: '[name]-[hash]', supported: {} };

async function bundle({ define, ...settings }) {
  const result = await build({
    ...SCRIPT,
    ...settings,
    mainFields: ['module', 'main'], // of ES modules only the used parts are kept, and run: half of the AWS SDK
    outdir: 'dist',
    bundle: true,
    jsx: 'automatic',
    metafile: true,
    write: false,
    define: {
      ...define,
      'process.env.NODE_ENV': '"production"',
      'import.meta.filename': '__filename',
      'import.meta.dirname': '__dirname',
      'import.meta.url': '""', // of libraries that look for files beside them in browsers
    },
    plugins: [withoutTopLevelAwait],
  });
  refuseUnknownImports(result.metafile, settings.external);
  return result;
}

/** Bytes of libraries in a chunk, from which on it is a script of its own: most commands need none of these. */
const LARGE = 40_000;

/**
 * The scripts of a split bundle, the program first. Each is a function that gives the modules in it by their names, as
 * CommonJS functions.
 * @returns {Promise<Map<string, string>>} texts by file names
 */
async function scriptsOf({ outputFiles, metafile }) {
  const modules = [];
  const large = new Map();
  for (const { path, text } of outputFiles) {
    const file = basename(path);
    const { code } = await transform(text, SCRIPT);
    const module = `${JSON.stringify(`./${file}`)}:(module,exports,require)=>{${code}}`;
    if (bytesOfLibraries(metafile.outputs[`dist/${file}`]) < LARGE) modules.push(module);
    else large.set(file, scriptOf([module]));
  }
  const program = scriptOf(modules);
  return new Map([[nameByContent('program', program), program], ...large]);
}

function scriptOf(modules) {
  return `(function(__filename,__dirname){"use strict";return{\n${modules.join(',\n')}\n}})\n`;
}

function bytesOfLibraries({ inputs }) {
  const libraries = Object.entries(inputs).filter(([path]) => path.includes('node_modules/'));
  return libraries.reduce((sum, [, { bytesInOutput }]) => sum + bytesInOutput, 0);
}

/** A script cannot wait: Ink's developer tools go, and its layout engine is compiled at once. */
const withoutTopLevelAwait = {
  name: 'without-top-level-await',
  setup(plugins) {
    edit(plugins, /[\\/]ink[\\/]build[\\/]reconciler\.js$/, [
      ["await import('./devtools.js')", 'undefined'],
      ['await loadPackageJson()', 'undefined'],
    ]);
    // With `DEV=true` in the environment Ink would look for them, and for its own package.json.
    edit(plugins, /[\\/]ink[\\/]build[\\/]utils\.js$/, [["process.env['DEV'] === 'true'", 'false']]);
    edit(plugins, /[\\/]yoga-layout[\\/]dist[\\/]src[\\/]index\.js$/, [
      ["import loadYoga from '../binaries/yoga-wasm-base64-esm.js';", YOGA_AT_ONCE],
      ['await loadYoga()', 'yoga'],
    ]);
    edit(plugins, /[\\/]yoga-wasm-base64-esm\.js$/, [
      [/"data:application\/octet-stream;base64,([^"]+)"/, '(exports.wasm="$1","")'],
      [/^/, 'const exports = {};'],
      [/$/, 'export const wasm = () => exports.wasm;'],
    ]);
  },
};

/** Emscripten asks a caller who brings `instantiateWasm` for the instance, and is ready when it returns. */
const YOGA_AT_ONCE = `
import loadYoga, { wasm } from '../binaries/yoga-wasm-base64-esm.js';
const yoga = {
  instantiateWasm(imports, done) {
    const module = new WebAssembly.Module(Buffer.from(wasm(), 'base64'));
    done(new WebAssembly.Instance(module, imports));
    return {};
  },
};
loadYoga(yoga);
if (yoga.Node === undefined) throw new Error('the layout engine is not ready');
`;

/** Replaces what must be in a file of a library: one that has changed stops the build. */
function edit(plugins, filter, changes) {
  plugins.onLoad({ filter }, async ({ path }) => {
    let contents = await readFile(path, 'utf8');
    for (const [from, to] of changes) {
      const changed = contents.replace(from, to);
      if (changed === contents) throw new Error(`${path} no longer has ${String(from)}`);
      contents = changed;
    }
    return { contents, loader: 'js' };
  });
}

/** Code that was compiled from another content must not be taken for this one's. */
function nameByContent(name, text) {
  return `${name}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}.js`;
}

/** What is neither bundled nor a dependency would build without a word and fail when it is reached. */
function refuseUnknownImports(metafile, dependencies) {
  for (const [file, input] of Object.entries(metafile.inputs)) {
    const unknown = input.imports.find(
      ({ external, path }) => external && !isBuiltin(path) && !dependencies.includes(path),
    );
    if (unknown) throw new Error(`${file} imports "${unknown.path}", which is not bundled`);
  }
}

/** All that `import()` finds in a CommonJS module is its `default`, in a split bundle: its names would be undefined. */
function refuseHiddenNames({ outputs }) {
  for (const { entryPoint = '', exports } of Object.values(outputs)) {
    const isHidden = entryPoint.includes('node_modules/') && exports.every((name) => name === 'default');
    if (isHidden) throw new Error(`import() finds no names in ${entryPoint}, which is CommonJS: load a module of ours that exports them`); // prettier-ignore
  }
}

/**
 * Puts the files in place so that a `pipe` started meanwhile finds one whole build: the scripts (named by their content)
 * first, then the entry, and only then are the files of older builds removed.
 */
async function place(files, dist) {
  const entryLast = [...files].sort(([a], [b]) => Number(a === 'cli.js') - Number(b === 'cli.js'));
  for (const [name, text] of entryLast)
    await writeAtomically(join(dist, name), text, name === 'cli.js' ? 0o755 : 0o644);
  for (const name of await readdir(dist)) {
    if (!files.has(name)) await rm(join(dist, name), { recursive: true, force: true });
  }
}

async function writeAtomically(path, text, mode) {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, text);
  await chmod(temporary, mode);
  await rename(temporary, path);
}

/**
 * Makes `npx pipe` in a checkout run this build: npm links the commands of dependencies only, and would else offer a
 * package of that name from the registry.
 */
async function linkCommand(root) {
  const folder = join(root, 'node_modules/.bin');
  const link = join(folder, 'pipe');
  const temporary = `${link}.${process.pid}.tmp`;
  try {
    await symlink(relative(folder, join(root, 'dist/cli.js')), temporary);
    await rename(temporary, link);
  } catch (error) {
    if (!isMissing(error)) throw error; // no node_modules/.bin: not a checkout that anybody works in
  }
}

async function requireFile(path) {
  try {
    await stat(path);
  } catch (error) {
    throw isMissing(error) ? new Error(`nothing to build: ${path} does not exist`) : error;
  }
}

if (isMain(import.meta.url)) {
  const started = performance.now();
  try {
    const { files, bytes } = await buildCli();
    const seconds = ((performance.now() - started) / 1000).toFixed(2);
    console.log(`built dist/cli.js: ${files} files, ${(bytes / 1024).toFixed(0)} KiB, ${seconds} s`);
  } catch (error) {
    console.error(error.errors ? 'the build failed, see above' : error.message); // esbuild has printed its own errors
    process.exitCode = 1;
  }
}
