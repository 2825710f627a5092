/**
 * @file The results figure: training and validation loss on the left, HellaSwag on the right, each with what OpenAI's models
 * reach; for one run or several.
 */

import type { EChartsCoreOption } from 'echarts/core';
import { hasLosses, lastMeasured, type RunCurves, type Series } from '../series/curves.ts';
import { downsample } from '../series/downsample.ts';
import { ofExamplesEach } from '../series/hellaswag-examples.ts';
import { HELLASWAG_REFERENCES, LOSS_REFERENCES } from '../series/references.ts';
import { shorten, shortNames } from '../series/short-names.ts';
import { smooth } from '../series/smooth.ts';
import { accuracyRange, lossRange } from './axis-range.ts';
import { FONT_FAMILY, type Size } from './draw.ts';
import { text } from './figure-text.ts';
import { chooseHorizontal, type Horizontal, unitsPerStep } from './horizontal.ts';
import { formatMeasured } from './number-format.ts';
import { PALETTES, type Palette, runColour, runDash, type Theme } from './palette.ts';
import { panelParts } from './panel.ts';
import type { Curve, Panel } from './panel-geometry.ts';

export interface FigureOptions {
  readonly title: string;
  readonly theme: Theme;
  /** Whether the runs are comparable with OpenAI's models. */
  readonly references: boolean;
}

export interface Figure extends Size {
  readonly option: EChartsCoreOption;
}

const PANEL_WIDTH = 560;
const PLOT_HEIGHT = 330;
const MARGIN = 28;
const AXIS_WIDTH = 48;
/** Right of a plot, for labels: a value, or what it is and its value. */
const VALUE_WIDTH = 52;
const NAMED_WIDTH = 118;
/** More noisy curves than this would cover each other. */
const MAX_NOISY_CURVES = 3;
/** Validations up to which each is marked by a point. */
const MAX_MARKED_POINTS = 30;
const RAW_POINTS = 1600;
const SMOOTH_POINTS = 800;
const LEGEND_ROW = 22;
/** Characters of a run's name in the legend. */
const MAX_NAME_CHARACTERS = 48;
/** Of a letter of the title and of the legend, about. */
const TITLE_CHARACTER = 11;
const LEGEND_CHARACTER = 7;

/** The figure as an ECharts option and its size; one panel when nothing measured HellaSwag. */
export function resultsFigure(runs: readonly RunCurves[], { title, theme, references }: FigureOptions): Figure {
  const palette = PALETTES[theme];
  const hasHellaswag = runs.some(({ series }) => series.hellaswag.steps.length > 0);
  const width = hasHellaswag ? 2 * PANEL_WIDTH : 1.4 * PANEL_WIDTH;
  const legend = drawLegend(runs, palette, width);
  const top = 96 + legend.height;
  const horizontal = chooseHorizontal(runs);
  const panelWidth = hasHellaswag ? PANEL_WIDTH : width;
  const isSingle = runs.length === 1;
  const frame = (panel: number, labels: number) => ({
    left: panel * PANEL_WIDTH + MARGIN + AXIS_WIDTH,
    top,
    width: panelWidth - MARGIN - AXIS_WIDTH - labels,
    height: PLOT_HEIGHT,
  });
  const panels: Panel[] = [
    lossPanel(runs, palette, horizontal, frame(0, isSingle ? NAMED_WIDTH : VALUE_WIDTH + 12), references),
  ];
  if (hasHellaswag) panels.push(hellaswagPanel(runs, palette, horizontal, frame(1, VALUE_WIDTH + 12), references));
  const parts = panels.map((panel, index) => panelParts(panel, palette, index));
  return {
    width,
    height: top + PLOT_HEIGHT + (horizontal.tokensPerStep ? 68 : 51),
    option: {
      animation: false,
      backgroundColor: palette.background,
      textStyle: { fontFamily: FONT_FAMILY },
      grid: parts.map(({ grid }) => grid),
      xAxis: parts.map(({ xAxis }) => xAxis),
      yAxis: parts.map(({ yAxis }) => yAxis),
      series: parts.flatMap(({ series }) => series),
      graphic: {
        elements: [
          text(shorten(title, Math.floor((width - 2 * MARGIN) / TITLE_CHARACTER)), MARGIN, 36, {
            size: 20,
            weight: 600,
            fill: palette.text,
          }),
          ...legend.elements,
          ...parts.flatMap(({ texts }) => texts),
        ],
      },
    },
  };
}

function lossPanel(
  runs: readonly RunCurves[],
  palette: Palette,
  horizontal: Horizontal,
  frame: Panel['frame'],
  withReferences: boolean,
): Panel {
  const isMeasured = hasLosses(runs);
  const references = withReferences && isMeasured ? LOSS_REFERENCES : [];
  const isSingle = runs.length === 1;
  const raw: Curve[] = [];
  const smoothed: Curve[] = [];
  const validation: Curve[] = [];
  for (const [index, run] of runs.entries()) {
    const colour = runColour(palette, index);
    const dash = runDash(index);
    const { loss, validationLoss } = run.series;
    const on = (series: Series): Series => placed(series, unitsPerStep(horizontal.unit, run));
    const name = isSingle ? '' : `${run.name}: `;
    const hasValidation = validationLoss.steps.length > 0;
    const course = smooth(loss);
    if (runs.length <= MAX_NOISY_CURVES)
      raw.push({
        name: `${name}training loss, each step`,
        series: on(downsample(loss, RAW_POINTS)),
        colour,
        dash,
        width: 0.7,
        opacity: isSingle ? 0.28 : 0.2,
      });
    smoothed.push({
      name: `${name}training loss`,
      series: on(downsample(course, SMOOTH_POINTS)),
      colour,
      dash,
      width: isSingle || !hasValidation ? 1.8 : 1.1,
      opacity: isSingle || !hasValidation ? 1 : 0.65,
      ...(isSingle || !hasValidation ? { label: endLabel(isSingle ? 'training' : '', course, 3) } : {}),
    });
    if (hasValidation)
      validation.push({
        name: `${name}validation loss`,
        series: on(validationLoss),
        colour: isSingle ? runColour(palette, 1) : colour,
        dash,
        width: 2.2,
        opacity: 1,
        points: validationLoss.steps.length <= MAX_MARKED_POINTS,
        label: endLabel(isSingle ? 'validation' : '', validationLoss, 3),
      });
  }
  const vertical = lossRange(
    [...smoothed, ...validation].map(({ series }) => series),
    raw.map(({ series }) => series),
    references.map(({ value }) => value),
  );
  return {
    title: isMeasured ? figureTitle(isSingle, validation.length > 0) : 'No loss is a number',
    frame,
    horizontal,
    vertical,
    curves: [...raw, ...smoothed, ...validation],
    references,
    referenceSide: 'right',
  };
}

function figureTitle(isSingle: boolean, hasValidation: boolean): string {
  if (isSingle) return 'Loss';
  return hasValidation ? 'Validation loss, and training loss (thin)' : 'Training loss';
}

function hellaswagPanel(
  runs: readonly RunCurves[],
  palette: Palette,
  horizontal: Horizontal,
  frame: Panel['frame'],
  withReferences: boolean,
): Panel {
  const references = withReferences ? HELLASWAG_REFERENCES : [];
  const curves = runs.flatMap((run, index): Curve[] => {
    const { hellaswag } = run.series;
    if (hellaswag.steps.length === 0) return [];
    return [
      {
        name: `${run.name}: HellaSwag`,
        series: placed(hellaswag, unitsPerStep(horizontal.unit, run)),
        colour: runColour(palette, runs.length === 1 ? 1 : index),
        dash: runDash(index),
        width: 2.2,
        opacity: 1,
        points: hellaswag.steps.length <= MAX_MARKED_POINTS,
        label: endLabel('', hellaswag, 3),
      },
    ];
  });
  const vertical = accuracyRange(
    curves.map(({ series }) => series),
    references.map(({ value }) => value),
  );
  return {
    title: `HellaSwag accuracy${ofExamplesEach(runs)}`,
    frame,
    horizontal,
    vertical,
    curves,
    references,
    referenceSide: 'left',
  };
}

/** The series at its places on the axis. */
function placed({ steps, values }: Series, scale: number): Series {
  return { steps: steps.map((step) => step * scale), values };
}

function endLabel(name: string, series: Series, digits: number): string {
  const value = lastMeasured(series)?.value;
  return `${name} ${value === undefined ? '' : formatMeasured(value, digits)}`.trim();
}

/** Names of several runs in a row under the title, each after its colour. */
function drawLegend(runs: readonly RunCurves[], palette: Palette, width: number) {
  if (runs.length === 1) return { height: 0, elements: [] };
  const elements: object[] = [];
  let x = MARGIN;
  let y = 66;
  const names = shortNames(
    runs.map(({ name }) => name),
    MAX_NAME_CHARACTERS,
  );
  for (const [index, name] of names.entries()) {
    const needed = 24 + name.length * LEGEND_CHARACTER;
    if (x > MARGIN && x + needed > width - MARGIN) {
      x = MARGIN;
      y += LEGEND_ROW;
    }
    const style = { stroke: runColour(palette, index), lineDash: runDash(index), lineWidth: 3 };
    elements.push({ type: 'line', shape: { x1: x, y1: y, x2: x + 17, y2: y }, style });
    elements.push(text(name, x + 22, y, { size: 13, fill: palette.text }));
    x += needed + 20;
  }
  return { height: y - 66 + LEGEND_ROW, elements };
}
