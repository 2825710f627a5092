/** @file The script of the report page: reads the data that stands in the page, draws charts and samples. */

import type { PageData } from '../page-data.ts';
import { ChartBoard } from './chart-board.ts';
import { addControls, addRunSwitches } from './controls.ts';
import { addSamples } from './samples.ts';

function byId(id: string): HTMLElement {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

const data = JSON.parse(byId('data').textContent ?? '') as PageData;
const board = new ChartBoard(byId('charts'), data);
addRunSwitches(byId('runs'), data, board);
addControls(byId('controls'), data, board);
addSamples(byId('samples'), data);
