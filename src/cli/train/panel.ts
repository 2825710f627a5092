/** @file The panel below the step lines: the figures so far, for a terminal of any size. */

import { formatCount, formatDuration } from '../../support/format.ts';
import { drawCurve, MARK } from '../terminal/braille-curve.ts';
import { cutText } from '../terminal/text-width.ts';
import { timeLeft } from '../terminal/time-left.ts';
import type { LiveState } from './panel-state.ts';

export interface PanelSize {
  readonly columns: number;
  readonly rows: number;
}

/** Columns of the figures beside the curve. */
const FIGURES_WIDTH = 30;
/** Columns of the figures on the curve's axis. */
const AXIS_WIDTH = 7;
/** The smallest terminals with room for figures beside the curve, for a curve, for a panel. */
const WIDE = { columns: 64, rows: 16 };
const CURVED = { columns: 36, rows: 16 };
const MIN_SIZE = { columns: 20, rows: 4 };

/** The colours of a panel: functions that colour a text. */
export interface PanelColours {
  readonly curve: (text: string) => string;
  readonly mark: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

const sgr =
  (on: number, off: number) =>
  (text: string): string =>
    `\x1b[${on}m${text}\x1b[${off}m`;
const plain = (text: string): string => text;

export const COLOURED: PanelColours = { curve: sgr(36, 39), mark: sgr(33, 39), dim: sgr(2, 22), bold: sgr(1, 22) };
export const COLOURLESS: PanelColours = { curve: plain, mark: plain, dim: plain, bold: plain };

/** The lines of the panel, each narrower than the terminal; none if there is no room. */
export function panelLines(state: LiveState, { columns, rows }: PanelSize, colours: PanelColours): string[] {
  if (columns < MIN_SIZE.columns || rows < MIN_SIZE.rows) return [];
  const width = columns - 1;
  if (columns < CURVED.columns || rows < CURVED.rows) return [cutText(flowingFigures(state).join(' · '), width)];
  const isWide = columns >= WIDE.columns && rows >= WIDE.rows;
  const curveHeight = Math.min(9, Math.max(isWide ? 6 : 4, Math.floor(rows / 4)));
  const curveWidth = (isWide ? width - FIGURES_WIDTH : width) - AXIS_WIDTH - 2;
  const curve = curveLines(state, curveWidth, curveHeight, colours);
  const figures = isWide ? figureLines(state, colours) : [];
  return [
    headline(state, width, colours),
    ...curve.map((line, row) => (figures[row] === undefined ? line : `${line}  ${figures[row]}`)),
    ...(isWide ? [] : wrapped(flowingFigures(state), width)),
    ...sampleLines(state, width, colours),
  ];
}

/** A rule across the terminal with the loss and the current task. */
function headline({ last, task }: LiveState, width: number, { dim, bold }: PanelColours): string {
  const loss = ` loss ${last ? last.loss.toFixed(4) : '–'} `;
  const room = width - loss.length - 4;
  const left = task?.secondsLeft === undefined ? '' : `, ${timeLeft(task.secondsLeft)}`;
  const doing = task ? ` ${cutText(`${taskFigure(task)}${left}`, room - 2)} ` : '';
  const rule = '─'.repeat(room - doing.length);
  return `${dim('──')}${bold(loss)}${dim(rule)}${doing}${dim('──')}`;
}

/** The curve with its axes. */
function curveLines(state: LiveState, columns: number, rows: number, { curve, mark, dim }: PanelColours): string[] {
  const drawn = drawCurve(state.losses, state.validations, { columns, rows });
  const label = (row: number): string => {
    if (state.losses.length === 0) return '';
    return row === 0 ? drawn.top.toFixed(2) : row === rows - 1 ? drawn.bottom.toFixed(2) : '';
  };
  const lastStep = String(state.losses.at(-1)?.step ?? '');
  const legend = state.validations.length > 0 ? `  ${MARK} validation` : '';
  const between = columns - 1 - lastStep.length - legend.length;
  const steps = `0${legend}${' '.repeat(Math.max(1, between))}${lastStep}`;
  return [
    ...drawn.rows.map((line, row) => {
      const text = label(row);
      const coloured = line.replace(new RegExp(`[^${MARK}]+|${MARK}+`, 'gu'), (part) =>
        part.startsWith(MARK) ? mark(part) : curve(part),
      );
      return `${dim(`${text.padStart(AXIS_WIDTH - 1)} ${text === '' ? '│' : '┤'}`)}${coloured}`;
    }),
    dim(`${' '.repeat(AXIS_WIDTH)}└${'─'.repeat(columns)}`),
    dim(`${' '.repeat(AXIS_WIDTH + 1)}${cutOrPad(steps, columns)}`),
  ];
}

/** The figures one below the other, to stand beside the curve. */
function figureLines(state: LiveState, { curve, dim, bold }: PanelColours): string[] {
  const { last, steps, secondsLeft, hellaswag } = state;
  const validation = state.validations.at(-1);
  const share = steps === 0 ? 0 : state.step / steps;
  const bar = FIGURES_WIDTH - 8;
  const done = Math.round(share * bar);
  const named = (name: string, value: string): string => `${dim(name.padEnd(11))}${value}`;
  return [
    named('step', `${bold(formatCount(state.step))} of ${formatCount(steps)}`),
    `${curve('━'.repeat(done))}${dim('─'.repeat(bar - done))} ${percent(share, 0)}`,
    named('left', secondsLeft === undefined ? '–' : formatDuration(secondsLeft)),
    named('tok/s', last ? formatCount(last.tokensPerSecond) : '–'),
    named('MFU', last ? percent(last.mfu) : '–'),
    named('norm', last ? last.norm.toFixed(4) : '–'),
    named('validation', validation ? validation.value.toFixed(4) : '–'),
    ...(hellaswag === undefined ? [] : [named('HellaSwag', hellaswag.toFixed(4))]),
  ];
}

/** The same figures for one line or a few, the most important first. */
function flowingFigures({ step, steps, last, secondsLeft, validations, hellaswag, task }: LiveState): string[] {
  const validation = validations.at(-1);
  return [
    `step ${formatCount(step)} of ${formatCount(steps)}`,
    ...(task ? [taskFigure(task)] : []),
    ...(last ? [`loss ${last.loss.toFixed(4)}`] : []),
    ...(secondsLeft === undefined ? [] : [timeLeft(secondsLeft)]),
    ...(last
      ? [`${formatCount(last.tokensPerSecond)} tok/s`, `MFU ${percent(last.mfu)}`, `norm ${last.norm.toFixed(4)}`]
      : []),
    ...(validation ? [`validation ${validation.value.toFixed(4)}`] : []),
    ...(hellaswag === undefined ? [] : [`HellaSwag ${hellaswag.toFixed(4)}`]),
  ];
}

function taskFigure({ name, share }: NonNullable<LiveState['task']>): string {
  return `${name} ${Math.floor(100 * share)}%`;
}

function sampleLines({ sample }: LiveState, width: number, { dim }: PanelColours): string[] {
  if (!sample) return [];
  const name = `sample at ${sample.step}: `;
  return [`${dim(name)}${cutText(sample.text, width - name.length)}`];
}

/** Joins pieces of text into as few lines as they fit on. */
function wrapped(pieces: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const piece of pieces) {
    const joined = lines.length === 0 ? piece : `${lines.at(-1)} · ${piece}`;
    if (lines.length > 0 && joined.length <= width) lines[lines.length - 1] = joined;
    else lines.push(cutText(piece, width));
  }
  return lines;
}

function cutOrPad(text: string, width: number): string {
  return text.slice(0, width).padEnd(width);
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)}%`;
}
