/** @file A run in the browser's IndexedDB, whose transactions are whole or not at all. */

import type { RunStorage, SavedRun } from '#minillm/library/run-storage.js';

const DATABASE = 'minillm-training';
const STORE = 'runs';
/** The one run that is kept. */
const KEY = 'newest';

export class BrowserStorage implements RunStorage {
  #database: Promise<IDBDatabase> | undefined;

  async load(): Promise<SavedRun | undefined> {
    const store = (await this.#open()).transaction(STORE).objectStore(STORE);
    return result<SavedRun | undefined>(store.get(KEY));
  }

  save(run: SavedRun): Promise<void> {
    return this.#change((store) => store.put(run, KEY));
  }

  clear(): Promise<void> {
    return this.#change((store) => store.delete(KEY));
  }

  async #change(change: (store: IDBObjectStore) => void): Promise<void> {
    const transaction = (await this.#open()).transaction(STORE, 'readwrite');
    const done = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('the browser gave up'));
    });
    change(transaction.objectStore(STORE));
    return done;
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= openDatabase();
    return this.#database;
  }
}

function openDatabase(): Promise<IDBDatabase> {
  const request = indexedDB.open(DATABASE, 1);
  request.onupgradeneeded = () => request.result.createObjectStore(STORE);
  return result(request);
}

function result<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
