/** @file koffi itself: a module of its own, so that loading it may fail. */

import koffi from 'koffi';

export { koffi };
