import type { DiagnosedProject, Diagnosis } from './diagnosis.ts';

/** Something that is wrong or could be better, and what to do about it. */
export interface Finding {
  readonly message: string;
  readonly hint: string;
}

/** Less than this and a run is likely to fill the disk. */
const LITTLE_SPACE = 1024 ** 3;

/** The first lines of Node that `pipe` runs on: 20.19, and any later major. */
const NODE = { major: 20, minor: 19 };

/** What a user should know about a diagnosis. */
export function findingsOf(diagnosis: Diagnosis): Finding[] {
  const { node, git, blake3, cpus, project } = diagnosis;
  const [major = 0, minor = 0] = node.split('.').map(Number);
  const found: (Finding | false)[] = [
    (major < NODE.major || (major === NODE.major && minor < NODE.minor)) && {
      message: `Node ${node} is older than ${NODE.major}.${NODE.minor}`,
      hint: 'install a newer Node',
    },
    git === null && { message: 'there is no `git` on this machine', hint: 'install Git to compare revisions' },
    blake3 === 'wasm' && {
      message: 'hashing runs in WebAssembly, about ten times slower than it could',
      hint: 'install again with optional dependencies, so that @napi-rs/blake-hash brings the binary for this platform',
    },
    cpus.quota !== null &&
      cpus.quota < cpus.usable && {
        message: `the control group allows ${String(cpus.quota)} of ${cpus.usable} cores`,
        hint: `set as many stages at once: \`pipe config --local core.jobs ${Math.max(1, Math.floor(cpus.quota))}\``,
      },
  ];
  return [...found.filter((each) => each !== false), ...(project === null ? [] : projectFindings(project))];
}

function isLink(type: string | undefined): type is 'hardlink' | 'symlink' {
  return type === 'hardlink' || type === 'symlink';
}

function projectFindings(project: DiagnosedProject): Finding[] {
  if (project.root === undefined) {
    return project.problems.map((message) => ({ message, hint: 'edit the file that is named here' }));
  }
  const { fileSystem, cacheFileSystem, links, folds, cacheType, gitRoot } = project;
  const works = (type: string): boolean => type === 'copy' || links === null || links.some((link) => link === type);
  const found: (Finding | false)[] = [
    links === null && {
      message: 'the project or its cache cannot be written',
      hint: 'check the owner and mode of .pipe and of the cache',
    },
    !cacheType.some(works) && {
      message: `cache.type allows only ${cacheType.join(', ')}, which cannot be done between these disks`,
      hint: 'add `copy`, or move the cache: `pipe config cache.dir`',
    },
    isLink(cacheType[0]) &&
      cacheType.some(works) &&
      !works(cacheType[0]) && {
        message: `cache.type begins with ${cacheType[0]}, which cannot be done between these disks: the next is used`,
        hint: 'move the cache to the disk of the project: `pipe config cache.dir`',
      },
    fileSystem.isNetwork && {
      message: `the project lies on a network disk, or one that may be (${fileSystem.type})`,
      hint: 'a local disk is faster, and its locks and times are exact',
    },
    cacheFileSystem.isNetwork && {
      message: `the cache lies on a network disk, or one that may be (${cacheFileSystem.type})`,
      hint: 'a local disk is faster: `pipe config cache.dir`; machines share data through a remote: `pipe remote add`',
    },
    Math.min(fileSystem.freeBytes, cacheFileSystem.freeBytes) < LITTLE_SPACE && {
      message: 'less than 1 GiB is free for the project or its cache',
      hint: 'free some space, or move the cache: `pipe config cache.dir`',
    },
    folds?.case === true && {
      message: 'this disk takes names that differ only in case for one',
      hint: 'avoid such names, or outs made elsewhere cannot be restored here',
    },
    gitRoot === null && {
      message: 'the project lies outside Git, or core.no_scm is set',
      hint: 'revisions cannot be compared, and .gitignore files are left alone',
    },
  ];
  return found.filter((each) => each !== false);
}
