/**
 * @file What both Node and browsers have, or browsers alone, and the types of neither are here: as much as the backend uses. The
 * pages are compiled with the DOM's own types instead.
 */

declare namespace WebAssembly {
  interface Module {
    readonly __module?: never;
  }
  const Module: {
    exports(module: Module): readonly unknown[];
  };
  interface Instance {
    readonly exports: Readonly<Record<string, unknown>>;
  }
  class Memory {
    constructor(descriptor: { initial: number; maximum: number; shared: boolean });
    readonly buffer: ArrayBuffer;
    grow(pages: number): number;
  }
  class Global {
    value: unknown;
  }
  class Table {
    grow(count: number): number;
    set(index: number, value: unknown): void;
  }
  function validate(bytes: Uint8Array<ArrayBuffer>): boolean;
  function compile(bytes: Uint8Array<ArrayBuffer>): Promise<Module>;
  function instantiate(module: Module, imports: object): Promise<Instance>;
}

declare class Worker {
  constructor(url: URL, options: { type: 'module' });
  postMessage(message: unknown): void;
  terminate(): void;
  onmessage: (event: { readonly data: never }) => void;
  onerror: (event: { readonly message?: string; preventDefault(): void }) => void;
}

declare var crossOriginIsolated: boolean | undefined;
declare var navigator: { readonly hardwareConcurrency: number };
declare var location: { readonly href: string } | undefined;
