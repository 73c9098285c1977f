import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { installTool, toolFolder } from './cache.ts';
import { runInstaller } from './run.ts';

/** As Debian has it; the benchmark says which version that was. */
const NAME = 'restic-debian';

/** The folder that holds the `restic` command, once it is installed. */
export function resticFolder(): string {
  return join(toolFolder(NAME), 'usr/bin');
}

/**
 * Makes restic available where Debian packages are: unpacked into the tool cache, so that no root is needed. Does nothing
 * when it is there.
 * @throws {Error} where there are no Debian packages
 */
export async function installRestic(): Promise<string> {
  await installTool(NAME, async (folder) => {
    await runInstaller('apt-get', ['download', 'restic'], folder);
    const [debian] = readdirSync(folder).filter((name) => name.endsWith('.deb'));
    await runInstaller('dpkg-deb', ['--extract', debian ?? 'restic.deb', '.'], folder);
  });
  return join(resticFolder(), 'restic');
}
