/** A card's `url`: what git is asked for, taken apart and checked, since cards come from anywhere. */
import { MadError } from '../../foundation/error.ts';
import { maskSecretText } from '../../foundation/secret-text.ts';

export const cloneSchemes = ['https', 'http', 'ssh', 'git', 'file'] as const;
export type CloneScheme = (typeof cloneSchemes)[number];

export interface CloneAddress {
  /** What git gets, without the revision. */
  url: string;
  scheme: CloneScheme;
  /** `scheme://host[:port]` of http and https: what a credential is for; '' for others. */
  site: string;
  /** For messages about it; '' where there is none. */
  host: string;
  /** As the address has it. */
  port: number | undefined;
  /** Commit, tag or branch behind `#`; undefined for the repository's own branch. */
  revision: string | undefined;
  /** The address itself says who logs in. */
  hasUser: boolean;
}

const revisionForm = /^[A-Za-z0-9_][A-Za-z0-9._/+-]*$/;
/** `[user@]host:path`, as ssh's `scp` has it; git takes it for this only where no `/` comes before the colon. */
const scpForm = /^(?:[A-Za-z0-9_][\w.-]*@)?[A-Za-z0-9][\w.-]*:(?!:)(?!\/\/)[^:\s].*$/;

/** Throws INVALID_FILE; no message shows a password that stands in the address. */
export function parseCloneUrl(cardUrl: string): CloneAddress {
  const { url, revision } = withoutRevision(cardUrl);
  if (/[\x00-\x20\x7f]/.test(url)) throw refused(cardUrl, 'has blanks or control characters in it');
  if (revision !== undefined && !revisionForm.test(revision))
    throw refused(cardUrl, 'has no usable commit, tag or branch behind its #');
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined) {
    if (!scpForm.test(url)) throw refused(cardUrl, 'is no address that git may be given');
    const [place = ''] = url.split(':', 1);
    const host = place.slice(place.indexOf('@') + 1);
    return { url, scheme: 'ssh', site: '', host, port: undefined, revision, hasUser: place.includes('@') };
  }
  const known = cloneSchemes.find((name) => name === scheme);
  if (!known) throw refused(cardUrl, `begins with ${scheme}://, which is not allowed`);
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || (known !== 'file' && (parsed.hostname === '' || parsed.hostname.startsWith('-'))))
    throw refused(cardUrl, 'names no host');
  if (parsed.password !== '') {
    throw refused(cardUrl, 'has a password in it', 'Put it into credential.json, and name that in `cred`.');
  }
  const site = known === 'http' || known === 'https' ? `${known}://${parsed.host}` : '';
  const port = parsed.port === '' ? undefined : Number(parsed.port);
  return { url, scheme: known, site, host: parsed.hostname, port, revision, hasUser: parsed.username !== '' };
}

export function withoutRevision(cardUrl: string): { url: string; revision: string | undefined } {
  const mark = cardUrl.indexOf('#');
  return mark < 0
    ? { url: cardUrl, revision: undefined }
    : { url: cardUrl.slice(0, mark), revision: cardUrl.slice(mark + 1) };
}

/** The folder that the run works in: the last part of the repository's address, as the Python tool has it. */
export function modelDirOf(cardUrl: string): string {
  const last = withoutRevision(cardUrl).url.replace(/\/+$/, '').split(/[/:]/).pop() ?? '';
  // `scripts` is the package's own in the workspace.
  return /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(last) && last !== 'scripts' ? last : 'run_directory';
}

function refused(cardUrl: string, why: string, hint?: string): MadError {
  const shown = JSON.stringify(maskSecretText(cardUrl));
  return new MadError('INVALID_FILE', `url ${shown} ${why}`, {
    hint: hint ?? `Write it as ${cloneSchemes.map((name) => `${name}://…`).join(', ')} or user@host:path.`,
  });
}
