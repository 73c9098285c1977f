/** The C library of a Linux machine: `glibc 2.36` or `musl`; `undefined` on other systems. */
export function libc(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  // Otherwise the report looks up the name of every network interface, which can take seconds.
  Object.assign(process.report, { excludeNetwork: true });
  const header = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header;
  return header.glibcVersionRuntime === undefined ? 'musl' : `glibc ${header.glibcVersionRuntime}`;
}
