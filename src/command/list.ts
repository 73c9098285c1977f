import { loadBlake3 } from '../kit/blake3.ts';
import { sortedBy } from '../kit/order.ts';
import { formatSize } from '../report/size.ts';
import { clean } from '../report/words.ts';
import { withRepository } from '../source/open-repository.ts';
import type { Found, SourceTree } from '../source/source-tree.ts';
import { lookUpSource, readSourceTree } from '../source/source-tree.ts';
import { gitSizes } from '../source/git-files.ts';
import type { Context, GlobalOptions, Outcome } from './command.ts';
import { defineCommand } from './command.ts';
import { nothingThere, repositoryOptions } from './source/acquire.ts';
import type { Listed } from './source/list-entries.ts';
import { gitEntries, trackedEntries } from './source/list-entries.ts';
import { SOURCE_OPTIONS } from './source/options.ts';
import { sourcePath } from './source/paths.ts';
import { withSourceData } from './source/source-data.ts';
import { unreadLines } from './share/words.ts';

export default defineCommand({
  usage: '<url> [path]',
  positionals: { min: 1, max: 2 },
  json: true,
  stopsGently: true,
  details:
    'Lists what another Git repository holds: files that Git keeps, and what pipe tracks, also inside tracked folders.\n' +
    'No data are downloaded, only lists. PATH is relative to the root of the repository.',
  options: {
    ...SOURCE_OPTIONS,
    recursive: { type: 'boolean', short: 'R', help: 'all files below' },
    'dvc-only': { type: 'boolean', help: 'only what pipe tracks' },
    size: { type: 'boolean', help: 'with sizes' },
  },
  async run(context, { positionals, options, global }): Promise<Outcome> {
    const [url = '', written = '.'] = positionals;
    const path = written === '.' || written === '' || written === '/' ? '.' : sourcePath(written);
    const how = { path, recursive: options.recursive === true, onlyTracked: options['dvc-only'] === true };
    const { tree, found, ...source } = await withRepository(
      repositoryOptions({ url, allowed: 'all', rev: options.rev }, { context, global }),
      async (repository) => {
        const tree = await readSourceTree(repository);
        const found = lookUpSource(tree, path) ?? emptyRoot(path);
        const { name, commit, folder } = repository;
        if (found === undefined) throw nothingThere(path, { name, commit, tree });
        const files = found.kind === 'file' ? [found.file] : found.kind === 'folder' ? found.files : [];
        const sizes = options.size === true ? await gitSizes(repository, files) : undefined;
        return { tree, found, name, commit, folder, sizes };
      },
    );
    const listed = [...gitEntries(found, { ...how, sizes: source.sizes }), ...(await listTracked(found, tree, { ...how, ...source, context, options, global }))]; // prettier-ignore
    // Of several things in one folder that is not looked into, the folder stands for all, tracked where any of them is.
    const entries = sortedBy([...new Map(listed.map((each) => [each.path, each])).values()], (each) => each.path);
    return {
      text: describe(entries, tree, options.size === true),
      json: { schema: 'pipe.list/1', commit: source.commit, path, entries, unread: tree.problems.map(({ message }) => message) }, // prettier-ignore
    };
  },
});

/** The root of a repository without files. */
function emptyRoot(path: string): Found | undefined {
  return path === '.' ? { kind: 'folder', files: [], roots: [] } : undefined;
}

interface TrackedListing {
  readonly path: string;
  readonly recursive: boolean;
  readonly name: string;
  readonly folder: string | undefined;
  readonly context: Context;
  readonly options: { readonly remote?: string };
  readonly global: GlobalOptions;
}

async function listTracked(found: Found, tree: SourceTree, how: TrackedListing): Promise<Listed[]> {
  const wanted = found.kind === 'tracked' ? [{ root: found.root, below: found.below }] : found.kind === 'folder' ? found.roots.map((root) => ({ root, below: '' })) : []; // prettier-ignore
  const blake3 = await loadBlake3();
  const listed: Listed[] = [];
  for (const { root, below } of wanted) {
    const found = await withSourceData(root, { ...how, blake3, configs: tree.configs }, ({ lists }) => trackedEntries({ root, below }, lists, how)); // prettier-ignore
    if (found === undefined) throw nothingThere(how.path, { name: how.name, commit: '', tree });
    listed.push(...found);
  }
  return listed;
}

function describe(entries: readonly Listed[], { problems }: SourceTree, withSizes: boolean): string {
  const sizes = entries.map(({ size }) => (size === null ? '-' : formatSize(size)));
  const width = Math.max(0, ...sizes.map((size) => size.length));
  const lines = entries.map(({ path, kind }, at) => {
    const name = `${clean(path)}${kind === 'dir' ? '/' : ''}`;
    return withSizes ? `${(sizes[at] ?? '').padStart(width)}  ${name}` : name;
  });
  return [...lines, ...unreadLines(problems)].join('\n');
}
