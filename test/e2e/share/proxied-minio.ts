import { afterAll, beforeAll } from 'vitest';
import type { FaultProxy } from '../../rig/fault-proxy.ts';
import { startFaultProxy } from '../../rig/fault-proxy.ts';
import type { Minio } from '../../rig/s3.ts';
import { startMinio } from '../../rig/s3.ts';

/** A MinIO for the tests of a file, and a proxy that sees what it is asked. Valid while these run. */
export function proxiedMinio(): { readonly minio: Minio; readonly proxy: FaultProxy } {
  const started = {} as { minio: Minio; proxy: FaultProxy };
  beforeAll(async () => {
    started.minio = await startMinio();
    started.proxy = await startFaultProxy(started.minio.url);
  }, 120_000);
  afterAll(async () => {
    await started.proxy.stop();
    await started.minio.stop();
  });
  return started;
}
