/** @file The devices that a user may name, default first. */

export const DEVICES = ['cpu'] as const;

export type DeviceName = (typeof DEVICES)[number];
