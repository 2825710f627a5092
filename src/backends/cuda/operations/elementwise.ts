/** @file Elements that a thread takes in the kernels that go over a tensor one by one. */

/** Converted to what products read (convert.h). */
export const CONVERTED = 8;
/** Put through GELU (gelu.h). */
export const GELU_ELEMENTS = 8;
