/** What of the permissions of a new file is left out. */
export function umask(): number {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- the race it warns of needs threads that change it
  return process.umask();
}
