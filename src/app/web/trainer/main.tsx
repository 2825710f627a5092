/** @file The page that trains a model in the visitor's browser. */

import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import '../shared/base.css';
import '../shared/top.css';
import '../shared/problem.css';
import '../dashboard/style.css';
import './style.css';
import '../dashboard/run-colours.ts';
import { App } from './app.tsx';

const root = document.getElementById('app');
if (root) render(<App />, root);
