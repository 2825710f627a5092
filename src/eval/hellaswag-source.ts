/** @file Where HellaSwag's validation split comes from. Apart from what reads it, so that flags can name it at no cost. */

/** The file in its authors' repository. */
export const HELLASWAG_URL = 'https://raw.githubusercontent.com/rowanz/hellaswag/master/data/hellaswag_val.jsonl';

export const HELLASWAG_EXAMPLES = 10_042;

/** In the place of a path: that file, downloaded once. */
export const DOWNLOAD = 'download';
