import type { Emit } from '../event/event.ts';
import type { Project } from '../project/project.ts';
import { signingKey, trustedSigners } from '../project/signing.ts';
import type { RecordSigner } from '../store/record-signature.ts';
import { signerOfRecord } from '../store/record-signature.ts';

/** Whose run records count, and what ours are signed with. */
export interface Signing {
  /**
   * What records are signed with; nothing where there is no key.
   * @throws {PipeError} PIPE_SIGNING_KEY
   */
  readonly signer: () => RecordSigner | undefined;
  /**
   * Whether the text of a record that came from a remote can be believed: always, unless trusted signers are set.
   * @throws {PipeError} PIPE_CONFIG_VALUE for a trusted signer that is none
   */
  readonly isTrusted: (text: string) => boolean;
}

/** The signing of a project. Nothing is read before it is needed. That records are ignored is told once. */
export function openSigning(
  project: Pick<Project, 'config' | 'pipeDir'>,
  env: Readonly<Record<string, string | undefined>>,
  emit: Emit,
): Signing {
  let own: { readonly signer: RecordSigner | undefined } | undefined;
  let trusted: ReadonlyMap<string, string> | undefined;
  let isTold = false;
  const refuse = (signer: string | undefined): false => {
    if (!isTold) emit({ type: 'notice', message: refusal(signer), hint: 'whom to trust stands in the configuration: `pipe config signers.NAME ed25519:…`' }); // prettier-ignore
    isTold = true;
    return false;
  };
  return {
    signer: () => (own ??= { signer: signingKey(project, env) }).signer,
    isTrusted(text) {
      const known = (trusted ??= trustedSigners(project));
      if (known.size === 0) return true;
      const signer = signerOfRecord(text);
      return signer !== undefined && known.has(signer) ? true : refuse(signer);
    },
  };
}

function refusal(signer: string | undefined): string {
  const why = signer === undefined ? 'not signed, or not rightly' : `signed by ${signer}, which is not trusted`;
  return `a run record of a remote is ignored, since it is ${why}; so are others like it`;
}
