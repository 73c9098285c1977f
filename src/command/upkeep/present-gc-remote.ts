import type { CollectedRemote } from '../../remote/upkeep/collect-remote.ts';
import type { RemoteGarbageCounts } from '../../remote/upkeep/find-remote-garbage.ts';
import { formatSize } from '../../report/size.ts';
import { plural } from '../../report/words.ts';
import type { NamedGarbage } from './name-garbage.ts';
import { amount, nameLines, stay } from './present-gc.ts';

/** What went from a remote, or would go. */
export interface CollectedShare extends CollectedRemote {
  readonly name: string;
  readonly place: string;
  readonly names: readonly NamedGarbage[] | undefined;
  readonly trashDays: number | undefined;
}

/** What is asked before anything goes from a remote. */
export function remoteQuestion(name: string, counts: RemoteGarbageCounts, trashDays: number | undefined): string {
  if (counts.objects + counts.runs === 0) {
    return `Nothing is unneeded in ${name}. Merge small packs and empty its old trash?`;
  }
  return trashDays === undefined
    ? `Remove ${amount(counts)} from ${name} for good?`
    : `Move ${amount(counts)} to the trash of ${name} for ${plural(trashDays, 'day')}?`;
}

/** What `pipe gc -c --json` says of a remote. */
export function collectedShareJson({ name, place, counts, damaged, absent, names }: CollectedShare): object {
  return {
    name,
    place,
    ...counts,
    damaged,
    absent: [...new Set(absent.map(({ path }) => path))],
    ...(names === undefined ? {} : { names }),
  };
}

/** What `pipe gc -c` says of a remote to people. */
export function collectedShareText(collected: CollectedShare, dry: boolean): string {
  const { name, counts, names, absent, damaged, trashDays, isRefused } = collected;
  if (isRefused) return `Nothing was removed from ${name}.`;
  const { objects, runs, leftObjects, leftBytes, recent, relied, merged, unreadable } = counts;
  const lines: string[] = [];
  if (objects + runs === 0) lines.push(`Everything in ${name} is needed${recent + relied > 0 ? ', or new' : ''}.`);
  else if (dry) {
    lines.push(`Would remove ${amount(counts)} from ${name}${names === undefined || names.length === 0 ? '.' : ':'}`);
  } else if (trashDays === undefined) lines.push(`Removed ${amount(counts)} from ${name}.`);
  else {
    lines.push(`Moved ${amount(counts)} to the trash of ${name} for ${plural(trashDays, 'day')}.`);
    lines.push('`pipe gc --undo -c` brings it back.');
  }
  for (const each of names ?? []) lines.push(...nameLines(each));
  if (leftObjects > 0) {
    lines.push(
      `${plural(leftObjects, 'object')} (${formatSize(leftBytes)}) ${stay(leftObjects)} in packs that are mostly needed.`,
    );
  }
  if (recent > 0) {
    lines.push(
      `${plural(recent, 'file')} that nothing here needs ${stay(recent)}, since ${recent === 1 ? 'it was' : 'they were'} pushed lately (--grace).`,
    );
  }
  if (relied > 0) {
    lines.push(
      `${plural(relied, 'file')} that nothing here needs ${stay(relied)}, since a push relies on ${relied === 1 ? 'it' : 'them'} (one that ended, for --grace; one that was killed, at least 20 minutes).`,
    );
  }
  if (merged > 0) lines.push(`${dry ? 'Would merge' : 'Merged'} ${plural(merged, 'small pack')}.`);
  if (unreadable + damaged > 0) {
    lines.push(`${plural(unreadable + damaged, 'pack')} of ${name} cannot be read: see \`pipe fsck --remote\`.`);
  }
  const folders = [...new Set(absent.map(({ path }) => path))];
  if (folders.length > 0) {
    lines.push(`The lists of ${plural(folders.length, 'folder')} that are kept are neither here nor in ${name}.`);
  }
  return lines.join('\n');
}
