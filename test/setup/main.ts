/** `npm run setup`: installs the tools that tests compare `pipe` with or run it on. Each is kept, so it happens once. */
import { installDvc } from './dvc.ts';
import { GO_TOOLS, installGoTool } from './go.ts';
import { installNode, NODE_VERSIONS } from './node.ts';

const started = performance.now();
console.log(`dvc: ${await installDvc()}`);
for (const version of NODE_VERSIONS) console.log(`node ${version}: ${await installNode(version)}`);
for (const tool of GO_TOOLS) console.log(`${tool.command}: ${await installGoTool(tool)}`);
console.log(`tools for tests are there (${((performance.now() - started) / 1000).toFixed(1)} s)`);
