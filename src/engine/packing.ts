/** @file How the tensors of a bucket lie in it: one after another, or each whole in one of the equal slices that ranks own. */

/** A tensor that has no place yet. */
export interface Unplaced {
  readonly name: string;
  readonly shape: readonly number[];
  readonly count: number;
}

export interface Packed {
  /** Offsets count from the start of the bucket. */
  readonly places: readonly (Unplaced & { readonly offset: number })[];
  /** Elements of the bucket, padding included. */
  readonly count: number;
}

/** Alignment of every tensor, in elements: one 64-byte cache line. */
export const TENSOR_ALIGNMENT = 16;
/** Every bucket is padded to a multiple of this many elements, and of a cache line for each rank that owns a slice. */
export const BUCKET_ALIGNMENT = 1024;

export const alignUp = (value: number, alignment: number): number => Math.ceil(value / alignment) * alignment;

/** One after another, for slices that may begin anywhere. */
export function packInOrder(tensors: readonly Unplaced[], slices: number): Packed {
  let end = 0;
  const places = tensors.map((tensor) => {
    const offset = end;
    end = alignUp(end + tensor.count, TENSOR_ALIGNMENT);
    return { ...tensor, offset };
  });
  return { places, count: alignUp(end, bucketAlignment(slices)) };
}

export function bucketAlignment(slices: number): number {
  return alignUp(BUCKET_ALIGNMENT, TENSOR_ALIGNMENT * slices);
}

/** Each tensor in one slice: the largest first, where there is most room. The slices are as long as the fullest. */
export function packWhole(tensors: readonly Unplaced[], slices: number): Packed {
  const ends = Array.from({ length: slices }, () => 0);
  const placed = [...tensors]
    .sort((a, b) => b.count - a.count)
    .map((tensor) => {
      const within = Math.min(...ends);
      const slice = ends.indexOf(within);
      ends[slice] = alignUp(within + tensor.count, TENSOR_ALIGNMENT);
      return { tensor, slice, within };
    });
  const size = alignUp(Math.max(...ends), BUCKET_ALIGNMENT);
  const places = placed.map(({ tensor, slice, within }) => ({ ...tensor, offset: slice * size + within }));
  return { places, count: slices * size };
}
