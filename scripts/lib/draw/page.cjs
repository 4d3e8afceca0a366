// node page.cjs ANSWERS.json PAGE.html: one dashboard as a page; prints its width and height.
'use strict';
const fs = require('node:fs');
const grafana = require('./grafana.cjs');
const charts = require('./charts.cjs');

const WIDTH = 1400;
const UNIT = 34; // the height of one unit of Grafana's grid
const GAP = 6;
const HEAD = 56;

const STYLE = `
body { margin: 0; background: #111217; color: #ccccdc; font: 12px Inter, 'DejaVu Sans', sans-serif; width: ${WIDTH}px; position: relative }
.head { position: absolute; left: 12px; top: 10px; font-size: 16px } .head small { color: ${charts.TEXT}; font-size: 12px; margin-left: 16px }
.row { position: absolute; left: 12px; font-size: 14px; font-weight: 600; line-height: ${UNIT}px }
.panel { position: absolute; background: #181b1f; border: 1px solid #25272c; border-radius: 3px; overflow: hidden; box-sizing: border-box }
.panel h2 { font-size: 12.5px; font-weight: 600; margin: 5px 8px 3px; height: 17px; white-space: nowrap; overflow: hidden }
svg text { fill: ${charts.TEXT}; font-size: 11px }
.legend { padding: 0 8px; line-height: 20px; max-height: 42px; overflow: hidden; color: ${charts.TEXT} }
.legend span { margin-right: 14px; white-space: nowrap } .legend i { display: inline-block; width: 12px; height: 4px; margin: 0 5px 3px 0 }
.stat { display: flex; align-items: center; justify-content: center; font-weight: 600 }
.bar { display: flex; align-items: center; padding: 0 8px } .bar b { font-weight: 400; width: 44%; overflow: hidden; white-space: nowrap }
.bar u { flex: 1; background: #22252b; height: 66% } .bar i { display: block; height: 100% } .bar em { width: 70px; text-align: right; font-style: normal }
table { border-collapse: collapse; width: 100% } td, th { padding: 4px 9px; border-bottom: 1px solid #25272c; text-align: left; white-space: nowrap }
td.number, th.number { text-align: right } th { color: #6e9fff; font-weight: 600 } a { color: #6e9fff }
.nothing { color: ${charts.TEXT}; text-align: center; padding-top: 20px }
`;

async function draw(panel, answers) {
  const { x, y, w, h } = panel.gridPos;
  const box = { left: (x * WIDTH) / 24, top: HEAD + y * UNIT, width: (w * WIDTH) / 24 - GAP, height: h * UNIT - GAP };
  if (panel.type === 'row') {
    return `<div class="row" style="top:${box.top}px">⌄ ${charts.escaped(panel.title)}</div>`;
  }
  const frames = await grafana.fields(panel, answers.series[panel.id]);
  const [from, to] = [answers.from * 1000, answers.to * 1000];
  const marks = answers.marks.filter(({ annotation }) => annotation.enable).flatMap((one) => grafana.marks(one, from, to));
  const size = { width: box.width - 2, height: box.height - 27 };
  const content = {
    timeseries: () => charts.timeSeries(panel, frames, size, grafana.palette, from, to, marks),
    'state-timeline': () => charts.stateTimeline(panel, frames, size, from, to, marks),
    heatmap: () => charts.heatmap(panel, frames, size, from, to),
    stat: () => charts.stat(panel, frames, size),
    bargauge: () => charts.barGauge(panel, frames, size),
    table: () => charts.table(panel, frames),
  }[panel.type]();
  return `<div class="panel" style="left:${box.left + GAP / 2}px;top:${box.top}px;width:${box.width}px;height:${box.height}px">
    <h2>${charts.escaped(panel.title)}</h2>${content}</div>`;
}

async function main(source, page) {
  const answers = JSON.parse(fs.readFileSync(source, 'utf8'));
  const { dashboard } = answers;
  const drawn = [];
  for (const panel of dashboard.panels) {
    drawn.push(await draw(panel, answers));
  }
  const height = HEAD + UNIT * Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h)) + GAP;
  const chosen = Object.entries(answers.variables).map(([label, value]) => `${label}: ${value}`).join('   ');
  const html = `<!doctype html><meta charset="utf-8"><style>${STYLE} body { height: ${height}px }</style>
    <div class="head">${charts.escaped(dashboard.title)}<small>${charts.escaped(chosen)}</small></div>${drawn.join('')}`;
  fs.writeFileSync(page, html);
  console.log(`${WIDTH},${Math.ceil(height)}`);
}

main(...process.argv.slice(2));
