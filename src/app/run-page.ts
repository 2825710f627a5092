/** @file Where `serve` has the page of its model's run: beside its own page, so that links from one to the other are relative. */

export const RUN_PAGE = 'run';
