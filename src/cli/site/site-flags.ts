/** @file The flags that say what a site holds, of every command that makes one. */

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { SliderLength } from '../../app/site/site-plan.ts';
import { SITE_WEIGHTS, type SiteWeights } from '../../app/tab/site.ts';

export interface SiteFlags {
  readonly checkpoint: string;
  /** False for none. */
  readonly compare: string | false;
  readonly modelName?: string;
  readonly weights: SiteWeights;
  /** As many as are enough and have room, unless somebody has said how many. */
  readonly slider?: SliderLength;
}

/** Adds the flags, all but `--checkpoint`, to a command. */
export function addSiteFlags(command: Command): Command {
  return command
    .option('--compare <path>', 'the model beside it: untrained, or what --checkpoint takes', 'untrained')
    .option('--no-compare', 'no model beside it')
    .option('--model-name <name>', "its name in the page; default: the run folder's name")
    .addOption(
      new Option('--weights <type>', 'type of the weights: fp32, bf16 (half the size) or int8 (a quarter)')
        .choices(SITE_WEIGHTS)
        .default('bf16' satisfies SiteWeights),
    )
    .option(
      '--slider <n>',
      'how many checkpoints of the run are on its slider: a number, 0 for no slider, or all; default: up to 12, while they fit in 1 GB',
      sliderLength,
    );
}

function sliderLength(text: string): SliderLength {
  if (text === 'all') return text;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number, or all.');
}
