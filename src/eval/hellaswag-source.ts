/** @file Where HellaSwag's validation split comes from. Apart from what reads it, so that flags can name it at no cost. */

export interface PublishedFile {
  readonly url: string;
  /** In hexadecimal. */
  readonly sha256: string;
}

/** The file in its authors' repository. */
export const HELLASWAG: PublishedFile = {
  url: 'https://raw.githubusercontent.com/rowanz/hellaswag/master/data/hellaswag_val.jsonl',
  sha256: '0aa3b88843990f3f10a97b9575c94d7b71fb2205240ba04ae4884d9e9c992588',
};

/** How many examples that file holds. */
export const HELLASWAG_EXAMPLES = 10_042;

/** In the place of a path: that file, downloaded once. */
export const DOWNLOAD = 'download';
