/** @file The colours of runs, which pages and figures share, as custom properties of this page. */

import { RUN_COLOURS, runColourRules } from '../../../report/figure/palette.ts';

const sheet = new CSSStyleSheet();
sheet.replaceSync(runColourRules(RUN_COLOURS));
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
