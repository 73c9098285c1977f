/** `npm run setup:bench`: installs the peers that the benchmark measures `pipe` beside. Each is kept. */
import { installDvc } from '../test/setup/dvc.ts';
import { installRestic } from '../test/setup/restic.ts';

console.log(`dvc: ${await installDvc()}`);
console.log(`restic: ${await installRestic()}`);
