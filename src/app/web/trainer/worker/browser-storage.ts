/**
 * @file A run in the browser's IndexedDB, whose transactions are whole or not at all. One tab has it, until it is closed;
 * in others everything is refused. Where the browser has no locks, a tab is refused once another one has changed the run.
 */

import type { RunStorage, SavedRun } from '#minillm/library/run-storage.js';

const DATABASE = 'minillm-training';
const STORE = 'runs';
/** The one run that is kept. */
const KEY = 'newest';
/** Beside it: how often it has been changed. */
const CHANGES = 'changes';
/** A tab that is reloaded lets go of the run a moment later than it begins again. */
const LOCK_MILLISECONDS = 3000;

export class BrowserStorage implements RunStorage {
  #database: Promise<IDBDatabase> | undefined;
  /** Of those, the ones this tab knows of. */
  #changes = 0;

  async load(): Promise<SavedRun | 'damaged' | undefined> {
    const store = (await this.#open()).transaction(STORE).objectStore(STORE);
    const [changes, run] = await Promise.all([
      result<number | undefined>(store.get(CHANGES)),
      result<SavedRun | undefined>(store.get(KEY)).catch(() => 'damaged' as const),
    ]);
    this.#changes = changes ?? 0;
    return run;
  }

  save(run: SavedRun): Promise<void> {
    return this.#change((store) => store.put(run, KEY));
  }

  clear(): Promise<void> {
    return this.#change((store) => store.delete(KEY));
  }

  /** @throws Error when the browser refuses, or another tab has changed the run: then it stays as that left it */
  async #change(change: (store: IDBObjectStore) => void): Promise<void> {
    const transaction = (await this.#open()).transaction(STORE, 'readwrite');
    let isOurs = true;
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(isOurs ? refusal(transaction.error) : otherTab());
    });
    const store = transaction.objectStore(STORE);
    const changes = store.get(CHANGES);
    changes.onsuccess = () => {
      isOurs = (changes.result ?? 0) === this.#changes;
      if (!isOurs) return transaction.abort();
      change(store);
      store.put(this.#changes + 1, CHANGES);
    };
    await done;
    this.#changes++;
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= openDatabase();
    return this.#database;
  }
}

async function openDatabase(): Promise<IDBDatabase> {
  await takeLock();
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return result(request);
}

/** Resolves once no other tab has the run. @throws Error when one keeps it */
function takeLock(): Promise<void> {
  // only a page of HTTPS or of this computer has them
  if (!navigator.locks) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const untilClosed = (): Promise<never> => {
      resolve();
      return new Promise(() => {});
    };
    navigator.locks
      .request(DATABASE, { signal: AbortSignal.timeout(LOCK_MILLISECONDS) }, untilClosed)
      .catch(() => reject(otherTab()));
  });
}

const otherTab = (): Error => new Error('it is open in another tab, which keeps its own');

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(refusal(request.error));
  });
}

/** Browsers give some of their errors no message. */
function refusal(error: DOMException | null): Error {
  if (error?.name === 'QuotaExceededError') return new Error('it has no room for it');
  return new Error(error?.message || error?.name || 'it gave up');
}
