import { expect, test } from 'vitest';
import { compare } from './compare.ts';
import { addFolder, machine, manyFiles, pushOptions, temporaryFolder } from './fixture/share.ts';
import { push } from './push.ts';

test('what several paths need counts for each of them, and once together, as a push counts it', async () => {
  const a = machine(temporaryFolder());
  const shared = manyFiles(20);
  const one = await addFolder(a.store, { shared, own: 'one' });
  const two = await addFolder(a.store, { shared, own: 'two', again: shared });
  const roots = [
    { entry: one, path: 'one' },
    { entry: two, path: 'two' },
    { entry: two, path: 'copy' },
  ];
  const before = await compare(a.remote, a.store, roots);
  // Twenty files, their list, the file of its own, and the list of the folder.
  expect(before.roots.map((root) => root.new.objects)).toEqual([23, 23, 23]);
  const would = await push(a.remote, a.store, pushOptions(roots, { dry: true }));
  expect(before.total).toMatchObject({ new: { objects: 25 }, deleted: { objects: 0 }, missing: { objects: 0 } });
  expect(would.objects).toBe(25);
  await push(a.remote, a.store, pushOptions([{ entry: one, path: 'one' }]));
  const after = await compare(a.remote, a.store, roots);
  expect(after.roots.map((root) => root.new.objects)).toEqual([0, 2, 2]);
  expect(after.total.new.objects).toBe(2);
});

test('what is only there counts for each path that needs it, also below lists that are not here', async () => {
  const folder = temporaryFolder();
  const a = machine(folder);
  const one = await addFolder(a.store, { below: manyFiles(5), own: 'one' });
  const two = await addFolder(a.store, { below: manyFiles(5), own: 'two' });
  const roots = [
    { entry: one, path: 'one' },
    { entry: two, path: 'two' },
  ];
  await push(a.remote, a.store, pushOptions(roots));
  const b = machine(folder);
  const { roots: compared, total } = await compare(b.remote, b.store, roots);
  expect(compared.map(({ deleted }) => deleted.objects)).toEqual([8, 8]);
  expect(total.deleted.objects).toBe(10);
});
