/** @file Bytes as text. */

/** Two digits a byte. (`toHex` of Uint8Array is not everywhere yet.) */
export const hexadecimal = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
