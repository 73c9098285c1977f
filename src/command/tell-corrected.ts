import type { Corrected } from '../data/misstated.ts';
import { tellNotice } from '../kit/notice.ts';
import { clean } from '../report/words.ts';

/** Tells that a lock says another size of an out than its digest stands for. */
export function tellCorrected({ message, hint }: Corrected): void {
  tellNotice(`${clean(message)}\n  hint: ${clean(hint)}`);
}
