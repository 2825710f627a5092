/** @file The dashboard's page. */

import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import '../shared/base.css';
import '../shared/top.css';
import '../shared/problem.css';
import './style.css';
import './run-colours.ts';
import { App } from './app.tsx';

const root = document.getElementById('app');
if (root) render(<App />, root);
