/** @file The door to cuBLASLt: matrix products on the GPU. Its matrices are column-major; the products here are row-major. */

import { UserError } from '../../support/errors.ts';
import { declareTypes, type NativeArgument, type NativeFunction, openLibrary } from '../library.ts';
import { findNvidiaLibrary, type WantedLibrary } from './find-library.ts';

export const CUBLASLT_TYPES = {
  cublasStatus_t: 'int32_t',
  cublasComputeType_t: 'int32_t',
  cudaDataType: 'int32_t',
  cudaDataType_t: 'int32_t',
  cublasLtMatmulDescAttributes_t: 'int32_t',
  cublasLtMatmulPreferenceAttributes_t: 'int32_t',
  cublasLtHandle_t: 'int64_t',
  cublasLtMatmulDesc_t: 'int64_t',
  cublasLtMatrixLayout_t: 'int64_t',
  cublasLtMatmulPreference_t: 'int64_t',
  cublasLtMatmulAlgo_t: 'uint8_t',
  cublasLtMatmulHeuristicResult_t: 'uint8_t',
  cudaStream_t: 'int64_t',
} as const;

/** cuBLASLt's functions as cublasLt.h declares them. A test compiles them against the header. */
export const CUBLASLT_PROTOTYPES = [
  'cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle)',
  'cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle)',
  'cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *description, cublasComputeType_t computeType, cudaDataType_t scaleType)',
  'cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t description, cublasLtMatmulDescAttributes_t attribute, const void *value, size_t bytes)',
  'cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t description)',
  'cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *layout, cudaDataType type, uint64_t rows, uint64_t columns, int64_t leading)',
  'cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t layout)',
  'cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *preference)',
  'cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t preference, cublasLtMatmulPreferenceAttributes_t attribute, const void *value, size_t bytes)',
  'cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t preference)',
  'cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle, cublasLtMatmulDesc_t description, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t preference, int requested, cublasLtMatmulHeuristicResult_t *results, int *found)',
  'cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t description, const void *alpha, const void *a, cublasLtMatrixLayout_t aLayout, const void *b, cublasLtMatrixLayout_t bLayout, const void *beta, const void *c, cublasLtMatrixLayout_t cLayout, void *d, cublasLtMatrixLayout_t dLayout, const cublasLtMatmulAlgo_t *algorithm, void *workspace, size_t workspaceBytes, cudaStream_t stream)',
] as const;

export const CUBLASLT_VERSION = 'size_t cublasLtGetVersion(void)';
export const CUBLASLT_ERROR_STRING = 'const char *cublasLtGetStatusString(cublasStatus_t status)';

/** Constants of cublasLt.h and the headers it includes, by their names there. */
export const CUBLASLT = {
  CUBLAS_STATUS_SUCCESS: 0,
  CUBLAS_STATUS_NOT_SUPPORTED: 15,
  CUBLAS_COMPUTE_32F: 68,
  CUDA_R_32F: 0,
  CUDA_R_16BF: 14,
  CUBLAS_OP_N: 0,
  CUBLAS_OP_T: 1,
  CUBLASLT_MATMUL_DESC_TRANSA: 3,
  CUBLASLT_MATMUL_DESC_TRANSB: 4,
  CUBLASLT_MATMUL_DESC_EPILOGUE: 7,
  CUBLASLT_MATMUL_DESC_BIAS_POINTER: 8,
  CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE: 26,
  CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES: 1,
  CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK: 3,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES: 5,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES: 6,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES: 7,
  CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES: 8,
  CUBLASLT_EPILOGUE_DEFAULT: 1,
  CUBLASLT_EPILOGUE_BIAS: 4,
  CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE: 2,
} as const;

/** Sizes of cublasLt.h's structs, and the offsets used. */
export const ALGORITHM_BYTES = 64;
export const HEURISTIC_RESULT = { bytes: 96, workspaceSize: 64, state: 72 } as const;

/** What places of matrices and of the workspace must be multiples of, in bytes. */
export const ALIGNMENT_BYTES = 16;

const WANTED: WantedLibrary = {
  names: ['libcublasLt.so.13', 'libcublasLt.so.12'],
  variable: 'MINILLM_CUBLASLT',
  pipFolders: ['cu13/lib', 'cublas/lib'],
  install:
    'install it (pip install nvidia-cublas for a driver of 580 or newer, nvidia-cublas-cu12 for an older one; or the CUDA toolkit), or let MINILLM_CUBLASLT name the file',
};

export type ElementType = 'float32' | 'bfloat16';

const TYPES: Readonly<Record<ElementType, number>> = {
  float32: CUBLASLT.CUDA_R_32F,
  bfloat16: CUBLASLT.CUDA_R_16BF,
};

/** A row-major matrix in memory. */
export interface MatrixLayout {
  readonly type: ElementType;
  /** Elements from one row to the next. */
  readonly stride: number;
  /** Whether the product reads its transpose. */
  readonly transposed?: boolean;
}

/** D = A·B + β·D: A is m × k, B is k × n, D is m × n. Sums are fp32; fp32 matrices are multiplied without TF32. */
export interface ProductShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: MatrixLayout;
  readonly b: MatrixLayout;
  readonly d: MatrixLayout;
  /** Of the bias that is added to each row of D; none if left out. */
  readonly biasType?: ElementType;
}

/** An error of cuBLASLt, in its own words. */
export class CublasLtError extends UserError {
  override readonly name = 'CublasLtError';
}

/** A way to compute a product. */
export interface ProductAlgorithm {
  /** As cuBLASLt stores it: 64 bytes, which may be kept for the same library version and GPU. */
  readonly algorithm: Uint8Array;
  readonly workspaceBytes: number;
}

/** Addresses on the device. */
export interface ProductPlaces {
  readonly a: number;
  readonly b: number;
  readonly d: number;
  readonly bias?: number;
  readonly workspace: number;
  readonly workspaceBytes: number;
  readonly stream: number;
}

export interface PreparedProduct {
  /**
   * Ways to compute it with at most that much workspace, as the heuristic orders them, best first; none where it is not supported.
   */
  algorithms(count: number, workspaceBytes: number): ProductAlgorithm[];
  /** Puts the product on the stream. `accumulate` adds it to D. */
  run(places: ProductPlaces, algorithm: ProductAlgorithm, accumulate: boolean): void;
  destroy(): void;
}

export interface CublasLt {
  readonly path: string;
  /** `13.1.1` */
  readonly version: string;
  prepare(shape: ProductShape): PreparedProduct;
  close(): void;
}

type Name<Prototype extends string> = Prototype extends `cublasStatus_t ${infer Function}(${string}` ? Function : never;
type LtFunction = Name<(typeof CUBLASLT_PROTOTYPES)[number]>;
type Call = (name: LtFunction, ...args: readonly NativeArgument[]) => void;

/**
 * Opens cuBLASLt on the current context.
 * @param newest the newest major version that the driver runs
 * @throws UserError when it is missing.
 */
export async function openCublasLt(newest?: number): Promise<CublasLt> {
  const { path, version, functions, errorText } = await loadCublasLt(newest);
  const call: Call = (name, ...args) => {
    const status = functions[name](...args);
    if (status !== CUBLASLT.CUBLAS_STATUS_SUCCESS)
      throw new CublasLtError(`cuBLASLt failed in ${name}: ${errorText(status)} (${path})`);
  };
  const made = maker(call);
  const handle = made('cublasLtCreate');
  return {
    path,
    version,
    prepare: (shape) => prepare(handle, functions, call, shape),
    close: () => call('cublasLtDestroy', handle),
  };
}

/** Where cuBLASLt is and which version; needs no GPU. */
export async function describeCublasLt(newest?: number): Promise<{ readonly path: string; readonly version: string }> {
  const { path, version } = await loadCublasLt(newest);
  return { path, version };
}

async function loadCublasLt(newest?: number) {
  const path = await findNvidiaLibrary(WANTED, newest);
  declareTypes(CUBLASLT_TYPES);
  const library = openLibrary(path);
  const functions = Object.fromEntries(
    CUBLASLT_PROTOTYPES.map((prototype) => [/(\w+)\(/.exec(prototype)?.[1], library.function(prototype)]),
  ) as Record<LtFunction, NativeFunction>;
  const errorText = library.textFunction(CUBLASLT_ERROR_STRING);
  const code = library.function(CUBLASLT_VERSION)();
  const version = [Math.floor(code / 10000), Math.floor((code % 10000) / 100), code % 100].join('.');
  return { path, version, functions, errorText };
}

/** Functions that give a handle through their first argument. */
function maker(call: Call): (name: LtFunction, ...args: readonly NativeArgument[]) => number {
  return (name, ...args) => {
    const handle = new BigInt64Array(1);
    call(name, handle, ...args);
    return Number(handle[0]);
  };
}

/**
 * A row-major matrix is the transpose of a column-major one in the same place: what cuBLASLt computes is Dᵀ = Bᵀ·Aᵀ, with
 * our B as its first factor.
 */
function prepare(
  handle: number,
  functions: Record<LtFunction, NativeFunction>,
  call: Call,
  shape: ProductShape,
): PreparedProduct {
  const { m, n, k, a, b, d, biasType } = shape;
  const made = maker(call);
  const operation = made('cublasLtMatmulDescCreate', CUBLASLT.CUBLAS_COMPUTE_32F, CUBLASLT.CUDA_R_32F);
  const set = (attribute: number, value: ArrayBufferView): void =>
    call('cublasLtMatmulDescSetAttribute', operation, attribute, value, value.byteLength);
  const int = (value: number): Int32Array => Int32Array.of(value);
  const long = (value: number): BigInt64Array => BigInt64Array.of(BigInt(value));
  const transposition = ({ transposed }: MatrixLayout): Int32Array =>
    int(transposed ? CUBLASLT.CUBLAS_OP_T : CUBLASLT.CUBLAS_OP_N);
  set(CUBLASLT.CUBLASLT_MATMUL_DESC_TRANSA, transposition(b));
  set(CUBLASLT.CUBLASLT_MATMUL_DESC_TRANSB, transposition(a));
  const { CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_DEFAULT } = CUBLASLT;
  set(CUBLASLT.CUBLASLT_MATMUL_DESC_EPILOGUE, int(biasType ? CUBLASLT_EPILOGUE_BIAS : CUBLASLT_EPILOGUE_DEFAULT));
  if (biasType) set(CUBLASLT.CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, int(TYPES[biasType]));

  const layout = ({ type, stride, transposed }: MatrixLayout, rows: number, columns: number): number => {
    const [first, second] = transposed ? [rows, columns] : [columns, rows];
    return made('cublasLtMatrixLayoutCreate', TYPES[type], first, second, stride);
  };
  const [aLayout, bLayout, dLayout] = [layout(a, m, k), layout(b, k, n), layout(d, m, n)];
  const setBias = (address: number): void => {
    if (biasType) set(CUBLASLT.CUBLASLT_MATMUL_DESC_BIAS_POINTER, long(address));
  };

  return {
    algorithms(count, workspaceBytes) {
      const preference = made('cublasLtMatmulPreferenceCreate');
      const prefer = (attribute: number, value: ArrayBufferView): void =>
        call('cublasLtMatmulPreferenceSetAttribute', preference, attribute, value, value.byteLength);
      prefer(CUBLASLT.CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, long(workspaceBytes));
      for (const which of ['A', 'B', 'C', 'D'] as const)
        prefer(CUBLASLT[`CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_${which}_BYTES`], int(ALIGNMENT_BYTES));
      // a product that is split along K is summed in fp32, also where the result is bf16
      prefer(CUBLASLT.CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, int(CUBLASLT.CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE));
      setBias(ALIGNMENT_BYTES); // some are chosen by the alignment
      const results = new Uint8Array(count * HEURISTIC_RESULT.bytes);
      const found = new Int32Array(1);
      const status = functions.cublasLtMatmulAlgoGetHeuristic(
        ...[handle, operation, bLayout, aLayout, dLayout, dLayout, preference, count, results, found],
      );
      call('cublasLtMatmulPreferenceDestroy', preference);
      if (status !== CUBLASLT.CUBLAS_STATUS_SUCCESS) return [];
      const view = new DataView(results.buffer);
      return Array.from({ length: found[0] ?? 0 }, (_, index) => index * HEURISTIC_RESULT.bytes)
        .filter((at) => view.getInt32(at + HEURISTIC_RESULT.state, true) === CUBLASLT.CUBLAS_STATUS_SUCCESS)
        .map((at) => ({
          algorithm: results.slice(at, at + ALGORITHM_BYTES),
          workspaceBytes: Number(view.getBigUint64(at + HEURISTIC_RESULT.workspaceSize, true)),
        }));
    },
    run({ a: atA, b: atB, d: atD, bias = 0, workspace, workspaceBytes, stream }, choice, accumulate) {
      setBias(bias);
      const [one, beta] = [Float32Array.of(1), Float32Array.of(accumulate ? 1 : 0)];
      call(
        'cublasLtMatmul',
        ...[handle, operation, one, atB, bLayout, atA, aLayout, beta, atD, dLayout, atD, dLayout],
        ...[choice.algorithm, workspace, workspaceBytes, stream],
      );
    },
    destroy() {
      for (const each of [aLayout, bLayout, dLayout]) call('cublasLtMatrixLayoutDestroy', each);
      call('cublasLtMatmulDescDestroy', operation);
    },
  };
}
