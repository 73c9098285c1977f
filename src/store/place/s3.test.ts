import { startMinio, startVersity } from '../../../test/rig/s3.ts';
import { placeContract } from './fixture/contract.ts';
import { openS3 } from './s3.ts';

for (const [name, start] of [
  ['MinIO', startMinio],
  ['versitygw', startVersity],
] as const) {
  placeContract(name, async () => {
    const server = await start();
    await server.makeBuckets('contract');
    return {
      open: (options) =>
        openS3({
          bucket: 'contract',
          prefix: 'some/prefix',
          endpoint: server.url,
          env: {},
          ...server.root,
          ...options,
        }),
      end: () => server.stop(),
    };
  });
}
