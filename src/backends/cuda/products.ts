/**
 * @file Matrix products over cuBLASLt. It offers several algorithms for a shape. For training the fastest is found by measuring, once
 * for each GPU and version of the library, and kept on disk, so that later runs take the same one and give the same bits. Evaluation and
 * generation take the one that cuBLASLt thinks best: they start at once, and give the same bits whether or not this GPU has trained.
 */

import { createHash } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  ALGORITHM_BYTES,
  type CublasLt,
  type PreparedProduct,
  type ProductAlgorithm,
  type ProductPlaces,
  type ProductShape,
} from '../../native/cuda/cublaslt.ts';
import { writableCacheFolder } from '../../support/cache.ts';
import { UserError } from '../../support/errors.ts';
import { temporaryPath } from '../../support/files.ts';
import type { CudaDevice } from './device.ts';
import type { Product } from './operation.ts';

/** What cuBLASLt asks for on Hopper; less elsewhere. */
const WORKSPACE_BYTES = 32 * 2 ** 20;
/** Algorithms that are measured. */
const CANDIDATES = 8;
/** How often each is run before it is measured, and while it is. */
const WARM_UP_RUNS = 1;
const MEASURED_RUNS = 3;
/** Products below this many floating-point operations take what cuBLASLt thinks best. */
const MEASURED_FLOPS = 1e9;

/** An algorithm as the file keeps it. */
interface KeptAlgorithm {
  readonly algorithm: string;
  readonly workspaceBytes: number;
}

/** Which algorithm is taken: the first that cuBLASLt's heuristic gives, or the one that was fastest when it was measured. */
export type Choice = 'heuristic' | 'measured';

/** A product with its algorithm chosen. */
export interface ChosenProduct {
  run(places: Omit<ProductPlaces, 'workspace' | 'workspaceBytes' | 'stream'>, accumulate: boolean): void;
}

type SourcePlaces = { readonly [Source in 'a' | 'b' | 'bias']: number };

interface Prepared {
  readonly product: PreparedProduct;
  readonly algorithm: ProductAlgorithm;
}

/** Opens the folder of chosen algorithms, a file for each product. */
export async function openProducts(device: CudaDevice, lt: CublasLt): Promise<Products> {
  const which = createHash('sha256').update(`${device.properties.name} ${lt.version} ${device.driver.version}`);
  const folder = await writableCacheFolder('chosen matrix products');
  const kept = join(folder, `products-${which.digest('hex').slice(0, 16)}`);
  mkdirSync(kept, { recursive: true });
  return new Products(device, lt, kept);
}

export class Products {
  readonly #device: CudaDevice;
  readonly #lt: CublasLt;
  readonly #folder: string;
  readonly #workspace: number;
  readonly #prepared = new Map<string, Prepared>();

  constructor(device: CudaDevice, lt: CublasLt, folder: string) {
    this.#device = device;
    this.#lt = lt;
    this.#folder = folder;
    this.#workspace = device.allocate(WORKSPACE_BYTES);
  }

  /**
   * Finds how to compute a product; may measure, so not while a stream is captured.
   * @param places where it will read: what is there does not matter
   * @throws UserError when cuBLASLt has no algorithm for it.
   */
  choose(product: Product, places: SourcePlaces, choice: Choice): ChosenProduct {
    const shape = shapeOf(product);
    const measuredKey = JSON.stringify([shape, product.accumulate ?? false]);
    const key = `${choice} ${measuredKey}`;
    const known = this.#prepared.get(key) ?? this.#prepare(shape, choice, measuredKey, product, places);
    this.#prepared.set(key, known);
    const own = { workspace: this.#workspace, workspaceBytes: WORKSPACE_BYTES, stream: this.#device.stream };
    return { run: (at, accumulate) => known.product.run({ ...at, ...own }, known.algorithm, accumulate) };
  }

  #prepare(shape: ProductShape, choice: Choice, key: string, product: Product, places: SourcePlaces): Prepared {
    const prepared = this.#lt.prepare(shape);
    const { m, n, k } = shape;
    const isMeasured = choice === 'measured' && 2 * m * n * k >= MEASURED_FLOPS;
    const file = join(this.#folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`);
    const kept = isMeasured ? readKept(file) : undefined;
    if (kept) return { product: prepared, algorithm: kept };
    const candidates = prepared.algorithms(isMeasured ? CANDIDATES : 1, WORKSPACE_BYTES);
    const [first] = candidates;
    if (!first) throw new UserError(`cuBLASLt ${this.#lt.version} has no algorithm for a product of ${key}`);
    if (candidates.length === 1) return { product: prepared, algorithm: first };
    const fastest = this.#measure(prepared, candidates, product, places);
    return { product: prepared, algorithm: fastest ? keep(file, fastest) : first };
  }

  /** The fastest; undefined where there is no room to measure in. Results go to memory of their own, so that nothing of the program changes. */
  #measure(
    prepared: PreparedProduct,
    candidates: readonly ProductAlgorithm[],
    { m, d, accumulate = false }: Product,
    { a, b, bias }: SourcePlaces,
  ): ProductAlgorithm | undefined {
    const { driver, stream } = this.#device;
    const bytes = m * d.stride * (d.dtype === 'float32' ? 4 : 2);
    let target: number;
    try {
      target = driver.allocate(bytes);
    } catch {
      return undefined;
    }
    const [start, end] = [driver.createEvent({ timing: true }), driver.createEvent({ timing: true })];
    try {
      driver.fill(target, 0, bytes, stream);
      const own = { workspace: this.#workspace, workspaceBytes: WORKSPACE_BYTES, stream };
      const times = candidates.map((candidate) => {
        const run = (): void => prepared.run({ a, b, d: target, bias, ...own }, candidate, accumulate);
        for (let i = 0; i < WARM_UP_RUNS; i++) run();
        driver.record(start, stream);
        for (let i = 0; i < MEASURED_RUNS; i++) run();
        driver.record(end, stream);
        driver.synchronize(stream);
        return driver.milliseconds(start, end);
      });
      return candidates[times.indexOf(Math.min(...times))];
    } finally {
      driver.destroyEvent(start);
      driver.destroyEvent(end);
      driver.free(target);
    }
  }

  close(): void {
    for (const { product } of this.#prepared.values()) product.destroy();
    this.#device.driver.free(this.#workspace);
    this.#lt.close();
  }
}

function shapeOf({ m, n, k, a, b, d, bias }: Product): ProductShape {
  const layout = ({ dtype, stride, transposed = false }: Product['a']) => {
    if (dtype !== 'float32' && dtype !== 'bfloat16') throw new TypeError(`a matrix of ${dtype} has no product`);
    return { type: dtype, stride, transposed };
  };
  const shape = { m, n, k, a: layout(a), b: layout(b), d: layout(d) };
  if (!bias) return shape;
  if (bias.dtype !== 'float32' && bias.dtype !== 'bfloat16') throw new TypeError(`a bias of ${bias.dtype}`);
  return { ...shape, biasType: bias.dtype };
}

/** The algorithm that a file keeps; undefined if there is no file, or it is damaged. */
function readKept(file: string): ProductAlgorithm | undefined {
  try {
    const { algorithm, workspaceBytes } = JSON.parse(readFileSync(file, 'utf8')) as KeptAlgorithm;
    const bytes = Buffer.from(algorithm, 'hex');
    return bytes.length === ALGORITHM_BYTES ? { algorithm: bytes, workspaceBytes } : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a choice. Of ranks that choose at the same time the first counts, for all of them: its choice is what is returned. */
function keep(file: string, { algorithm, workspaceBytes }: ProductAlgorithm): ProductAlgorithm {
  const written = temporaryPath(file);
  const kept: KeptAlgorithm = { algorithm: Buffer.from(algorithm).toString('hex'), workspaceBytes };
  writeFileSync(written, JSON.stringify(kept));
  try {
    linkSync(written, file);
  } catch {
    // there is one, or the file system has no links
    if (!readKept(file)) renameSync(written, file);
  }
  rmSync(written, { force: true });
  return readKept(file) ?? { algorithm, workspaceBytes };
}
