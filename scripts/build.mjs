/**
 * Bundles `src/cli.ts` into `dist/`: a small entry, and one chunk for each `await import()`, so that a command loads
 * only what it uses. Runs as `npm run build`, and by itself under `npm ci` (`prepare`).
 */
import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { build } from 'esbuild';
import { isMain, isMissing, ROOT } from './lib.mjs';
import { noticesOf } from './notices.mjs';

/**
 * CommonJS inside the bundle calls `require` for Node's own modules, and an ES module has none. Only the chunk with
 * esbuild's helper for it gets this line; importing `createRequire` instead would cost every start.
 */
const REQUIRE = 'const require=(name)=>process.getBuiltinModule(name);\n';
const REQUIRE_HELPER = 'Dynamic require of';

/**
 * Builds the command into `dist/` of a checkout.
 *
 * The packages under `dependencies` stay imports of their own (native ones find their binary beside themselves); all
 * others are bundled. Measured on whole processes, Node 20, medians: yaml + smol-toml + both hashes 114 → 72 ms,
 * execa 131 → 87 ms, ink 421 → 191 ms: most of an import is finding and opening files.
 * @returns {Promise<{ files: number, bytes: number }>} what was made
 */
export async function buildCli(root = ROOT) {
  await requireFile(join(root, 'src/cli.ts'));
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      cli: 'src/cli.ts',
      'executor-host': 'src/executor/host.ts',
      'helper-thread': 'src/thread/thread.ts',
    },
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    external: Object.keys(manifest.dependencies ?? {}),
    // ES modules, of which only the used parts are kept; to Node the package itself offers CommonJS.
    alias: { yaml: join(root, 'node_modules/yaml/browser/dist/index.js') },
    plugins: [withoutDevtools],
    chunkNames: 'chunk/[name]-[hash]',
    define: {
      PIPE_VERSION: JSON.stringify(manifest.version),
      'process.env.NODE_ENV': '"production"',
    },
    jsx: 'automatic',
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: 'none', // the licences are in dist/notices.txt
    metafile: true,
    write: false,
  });
  refuseUnknownRequires(metafile);
  const files = new Map(outputFiles.map((file) => [relative(join(root, 'dist'), file.path), runnable(file)]));
  files.set('notices.txt', await noticesOf(root, Object.keys(metafile.inputs)));
  await place(files, join(root, 'dist'));
  await linkCommand(root);
  return { files: files.size, bytes: outputFiles.reduce((sum, file) => sum + file.contents.length, 0) };
}

/** With `DEV=true` in the environment Ink would look for developer tools, and for its own package.json. */
const withoutDevtools = {
  name: 'without-devtools',
  setup(plugins) {
    plugins.onLoad({ filter: /[\\/]ink[\\/]build[\\/]devtools\.js$/ }, () => ({ contents: '' }));
    plugins.onLoad({ filter: /[\\/]ink[\\/]build[\\/]utils\.js$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replace("process.env['DEV'] === 'true'", 'false');
      if (contents === text) throw new Error(`${path} asks for developer tools in another way than it did`);
      return { contents };
    });
  },
};

function runnable(file) {
  if (file.path.endsWith('cli.js')) return `#!/usr/bin/env node\n${file.text}`;
  return file.text.includes(REQUIRE_HELPER) ? REQUIRE + file.text : file.text;
}

/** A bundled `require` of a package that is not bundled would build without a word and fail when it is reached. */
function refuseUnknownRequires(metafile) {
  for (const [file, input] of Object.entries(metafile.inputs)) {
    const unknown = input.imports.find(
      (each) => each.external && each.kind === 'require-call' && !isBuiltin(each.path),
    );
    if (unknown) throw new Error(`${file} requires "${unknown.path}", which is not bundled`);
  }
}

/**
 * Puts the files in place so that a `pipe` started meanwhile finds one whole build: chunks (named by their content)
 * first, then the entry, and only then are the files of older builds removed.
 */
async function place(files, dist) {
  const entryLast = [...files].sort(([a], [b]) => Number(a === 'cli.js') - Number(b === 'cli.js'));
  for (const [name, text] of entryLast)
    await writeAtomically(join(dist, name), text, name === 'cli.js' ? 0o755 : 0o644);
  for (const found of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const path = join(found.parentPath, found.name);
    if (found.isFile() && !files.has(relative(dist, path))) await rm(path, { force: true });
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
