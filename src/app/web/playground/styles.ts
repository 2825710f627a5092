/** @file The app's style sheets, in the order in which they apply. */

import '../shared/base.css';
import '../shared/top.css';
import '../shared/problem.css';
import './page.css';
import './tokens/tokens.css';
import './tokens/tints.css';
import './tokens/token-card.css';
import './write/prompt.css';
import './write/panes.css';
import './steps/steps.css';
import './read/figures.css';
import './blind/question.css';
