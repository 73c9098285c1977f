import type { Diagnosis } from './diagnosis.ts';
import type { Finding } from './finding.ts';

const GIB = 1024 ** 3;

/** A diagnosis for people. */
export function doctorText(diagnosis: Diagnosis, findings: readonly Finding[]): string {
  const rows = [...machineRows(diagnosis), ...projectRows(diagnosis)];
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`),
    '',
    ...(findings.length === 0
      ? ['No problems found.']
      : findings.flatMap(({ message, hint }) => [`! ${message}`, `  ${hint}`])),
  ].join('\n');
}

function machineRows({
  version,
  node,
  platform,
  arch,
  libc,
  git,
  blake3,
  cpus,
  memoryBytes,
}: Diagnosis): [string, string][] {
  const limit = cpus.quota === null ? '' : `, limited to ${String(cpus.quota)} by the control group`;
  return [
    ['pipe', version],
    ['node', node],
    ['system', [platform, arch, ...(libc === null ? [] : [libc])].join(' ')],
    ['git', git ?? 'not installed'],
    ['blake3', blake3],
    ['cores', `${String(cpus.usable)} of ${String(cpus.installed)}${limit}`],
    ['memory', gibibytes(memoryBytes)],
  ];
}

function projectRows({ project }: Diagnosis): [string, string][] {
  if (project === null) return [['project', 'none in this folder or above it']];
  if (project.root === undefined) return [['project', 'cannot be opened']];
  const { fileSystem, cacheFileSystem, links } = project;
  return [
    ['project', project.root],
    ['git root', project.gitRoot ?? 'none'],
    ['disk', `${fileSystem.type}, ${gibibytes(fileSystem.freeBytes)} free`],
    ['cache', project.cacheDir],
    ['cache disk', `${cacheFileSystem.type}, ${gibibytes(cacheFileSystem.freeBytes)} free`],
    ['links', links === null ? 'not tried: no right to write' : [...links, 'copy'].join(', ')],
    ['cache.type', project.cacheType.join(', ')],
  ];
}

function gibibytes(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
