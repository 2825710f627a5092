/** @file A device that has failed. */

/** Nothing runs on the device any more; one that is opened again may work. */
export class DeviceLost extends Error {}
