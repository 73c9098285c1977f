import { expect, test } from 'vitest';
import type { PlaceEntry } from '../../store/place/place.ts';
import { trashName } from '../../store/trash.ts';
import { machine, temporaryFolder } from '../fixture/share.ts';
import { remoteTrash } from './remote-trash.ts';

test('of a trash with very many files all are told, in time', async () => {
  const { place } = machine(temporaryFolder());
  const count = 400_000;
  const folder = `v1/trash/${trashName(0, 1)}/loose/`;
  const list = async function* (): AsyncGenerator<PlaceEntry[]> {
    for (let page = 0; page < count / 1000; page += 1) {
      yield Array.from({ length: 1000 }, (_, at) => ({ key: `${folder}${page}-${at}`, size: 1, modifiedAt: 0 }));
      await Promise.resolve();
    }
  };
  const [found] = await remoteTrash({ place: { ...place, list } });
  expect(found!.entries).toHaveLength(count);
});
