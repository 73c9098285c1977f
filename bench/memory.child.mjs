/** Loaded into a measured process (memory.ts): at its end, writes the peak of its own resident memory, in bytes. */
import { readFileSync, writeFileSync } from 'node:fs';

const to = new URL(import.meta.url).searchParams.get('to');

process.on('exit', () => {
  writeFileSync(to, String(Math.max(peakKibibytes() * 1024, written())));
});

/** What a process before this one wrote, where a run consists of several. */
function written() {
  try {
    return Number(readFileSync(to, 'utf8'));
  } catch {
    return 0;
  }
}

/** On Linux `maxRSS` begins with what the starting process held before `exec`; the kernel's high-water mark does not. */
function peakKibibytes() {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS;
  return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
}
