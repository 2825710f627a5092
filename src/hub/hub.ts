/**
 * @file Which hub, and as whom: the environment variables that every program of the Hugging Face hub reads
 * (huggingface_hub, "Environment variables").
 */

import { join } from 'node:path';
import { UserError } from '../support/errors.ts';
import { xdgCacheHome } from '../support/home.ts';
import { readRegularFile } from '../support/regular-file.ts';

/** How long a request is retried. */
export interface Patience {
  /** Tries in a row without progress before it is given up. */
  readonly tries: number;
  /** Wait after the first failure; doubled after each further one. */
  readonly firstWaitMilliseconds: number;
  /** A connection that is silent for this long is tried again. */
  readonly silenceMilliseconds: number;
}

export interface Hub {
  /** Without a slash at its end. */
  readonly url: string;
  /** Sent to this hub's own host alone. */
  readonly token: string | undefined;
  /** No requests to the hub; only earlier downloads are used. */
  readonly isOffline: boolean;
  readonly patience: Patience;
  /** Called with the reason a request is retried, and the wait. */
  readonly onWait?: (reason: string, milliseconds: number) => void;
}

const HUB_URL = 'https://huggingface.co';
const MAX_TOKEN_BYTES = 4096;
/** Waits between tries of 0.5, 1, 2, … 64 s. */
const PATIENCE: Patience = { tries: 9, firstWaitMilliseconds: 500, silenceMilliseconds: 60_000 };

/**
 * The hub of `HF_ENDPOINT` with the token of `HF_TOKEN` or of the token file (`HF_TOKEN_PATH`, else in `HF_HOME`), unless
 * `HF_HUB_OFFLINE`; silent connections are given up after `HF_HUB_DOWNLOAD_TIMEOUT` seconds.
 * @throws UserError when `HF_ENDPOINT` is no address.
 */
export async function openHub({ onWait }: Pick<Hub, 'onWait'> = {}): Promise<Hub> {
  const { HF_ENDPOINT, HF_HUB_OFFLINE = '', HF_HUB_DOWNLOAD_TIMEOUT } = process.env;
  const url = (HF_ENDPOINT || HUB_URL).replace(/\/+$/, '');
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new UserError(`HF_ENDPOINT: expected an address such as ${HUB_URL}, found ${url}`);
  const seconds = Number(HF_HUB_DOWNLOAD_TIMEOUT);
  const silence = seconds > 0 ? { silenceMilliseconds: 1000 * seconds } : {};
  return {
    url,
    token: await readToken(),
    isOffline: ['1', 'ON', 'YES', 'TRUE'].includes(HF_HUB_OFFLINE.toUpperCase()),
    patience: { ...PATIENCE, ...silence },
    ...(onWait ? { onWait } : {}),
  };
}

async function readToken(): Promise<string | undefined> {
  const { HF_TOKEN, HF_TOKEN_PATH, HF_HOME } = process.env;
  if (HF_TOKEN?.trim()) return HF_TOKEN.trim();
  const cache = xdgCacheHome();
  const home = HF_HOME || (cache && join(cache, 'huggingface'));
  const path = HF_TOKEN_PATH || (home && join(home, 'token'));
  const bytes = path ? await readRegularFile(path, MAX_TOKEN_BYTES).catch(() => undefined) : undefined;
  return bytes?.toString().trim() || undefined;
}
