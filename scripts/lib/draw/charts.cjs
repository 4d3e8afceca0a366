// Draws panels as HTML and SVG: plain shapes, in the place and of the size that the dashboard says.
'use strict';

const { onto } = require('./grafana.cjs');

const escaped = (text) => String(text).replace(/[&<>"]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[one]);
const GRID = '#2c3235';
const TEXT = '#9fa7b3';

const clock = (time) => new Date(time).toISOString().slice(11, 19);

// "Nice" numbers from 0 (or the least value) to the greatest.
function ticks(least, greatest, wanted = 4) {
  const raw = (greatest - least) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw);
  const result = [];
  for (let tick = Math.ceil(least / step) * step; tick <= greatest + step * 1e-6; tick += step) {
    result.push(tick);
  }
  return result;
}

function frame({ width, height, left, start, end, marks }) {
  const bottom = 18;
  const inner = { x: left, y: 6, width: width - left - 8, height: height - bottom - 6 };
  const x = (time) => inner.x + ((time - start) / (end - start)) * inner.width;
  const count = Math.max(2, Math.floor(inner.width / 110));
  let svg = '';
  for (let index = 0; index <= count; index++) {
    const time = start + ((end - start) * index) / count;
    svg += `<line x1="${x(time)}" x2="${x(time)}" y1="${inner.y}" y2="${inner.y + inner.height}" stroke="${GRID}"/>`;
    const anchor = index === 0 ? 'start' : index === count ? 'end' : 'middle';
    svg += `<text x="${x(time)}" y="${height - 4}" text-anchor="${anchor}">${clock(time)}</text>`;
  }
  const over = marks.map(({ time, colour }) =>
    `<line x1="${x(time)}" x2="${x(time)}" y1="${inner.y}" y2="${inner.y + inner.height}" stroke="${colour}" stroke-dasharray="3 2"/>` +
    `<path d="M${x(time) - 4} ${inner.y + inner.height + 5}l4 -5l4 5z" fill="${colour}"/>`).join('');
  return { inner, x, svg, over };
}

function legend(items) {
  return `<div class="legend">${items.map(({ name, colour }) =>
    `<span><i style="background:${colour}"></i>${escaped(name)}</span>`).join('')}</div>`;
}

const svgOf = (width, height, content) => `<svg width="${width}" height="${height}">${content}</svg>`;

function timeSeries(panel, frames, size, palette, from, to, marks) {
  const custom = panel.fieldConfig.defaults.custom;
  const stacked = custom.stacking.mode === 'normal';
  const series = frames.map(([time, value], index) => ({ time, value, colour: value.fixed ?? palette[index % palette.length] }));
  const rows = Math.min(2, Math.ceil(series.length / 4));
  const height = size.height - 22 * rows - 4;
  const base = new Map();
  for (const one of series) {
    one.points = one.time.values.map((time, index) => {
      const low = stacked ? base.get(time) ?? 0 : 0;
      base.set(time, low + one.value.values[index]);
      return { time, low, high: low + one.value.values[index] };
    }).filter(({ high }) => Number.isFinite(high));
  }
  const highs = series.flatMap(({ points }) => points.map(({ high }) => high));
  // Versions and the like live far from 0; everything else begins there.
  const greatest = Math.max(1e-9, ...highs) * 1.05;
  const steps = ticks(0, greatest).filter((tick) => panel.fieldConfig.defaults.decimals !== 0 || Number.isInteger(tick));
  const show = series[0]?.value.show ?? ((value) => ({ text: String(value) }));
  const words = steps.map((tick) => show(tick).text);
  const left = 14 + 6.4 * Math.max(2, ...words.map((word) => word.length));
  const { inner, x, svg, over } = frame({ width: size.width, height, left, start: from, end: to, marks });
  const y = (value) => inner.y + inner.height - (value / greatest) * inner.height;
  const axis = steps.map((tick, index) =>
    `<line x1="${inner.x}" x2="${inner.x + inner.width}" y1="${y(tick)}" y2="${y(tick)}" stroke="${GRID}"/>` +
    `<text x="${inner.x - 5}" y="${y(tick) + 4}" text-anchor="end">${escaped(words[index])}</text>`).join('');
  const draw = custom.drawStyle === 'bars' ? bars : custom.lineInterpolation === 'stepAfter' ? stepped : lines;
  const shapes = series.map((one) => draw(one, x, y)).join('');
  const items = series.map(({ value, colour }) => ({ name: value.name, colour })).slice(0, 8);
  return svgOf(size.width, height, svg + axis + shapes + over) + legend(items);
}

const bars = ({ points, colour }, x, y) => points.map(({ time, low, high }) =>
  `<rect x="${x(time) - 1.5}" width="3" y="${y(high)}" height="${Math.max(0, y(low) - y(high))}" fill="${colour}"/>`).join('');

// A gap in the data is a gap in the line.
function path({ points, colour }, x, y, join) {
  let d = '';
  points.forEach(({ time, high }, index) => {
    const before = points[index - 1];
    d += !before || time - before.time > 3000 ? `M${x(time)} ${y(high)}` : join(before, { time, high });
  });
  return `<path d="${d}" fill="none" stroke="${colour}" stroke-width="1.6"/>`;
}

const lines = (one, x, y) => path(one, x, y, (_, { time, high }) => `L${x(time)} ${y(high)}`);
const stepped = (one, x, y) => path(one, x, y, (before, { time, high }) => `L${x(time)} ${y(before.high)}L${x(time)} ${y(high)}`);

function stateTimeline(panel, frames, size, from, to, marks) {
  const height = size.height - 4;
  const left = 20 + 6.6 * Math.max(4, ...frames.map(([, value]) => value.name.length));
  const { inner, x, svg, over } = frame({ width: size.width, height, left, start: from, end: to, marks });
  const band = inner.height / Math.max(1, frames.length);
  const shapes = frames.map(([time, value], row) => {
    const top = inner.y + band * row;
    let result = `<text x="${inner.x - 6}" y="${top + band / 2 + 4}" text-anchor="end">${escaped(value.name)}</text>`;
    for (let index = 0; index < value.values.length;) {
      let next = index;
      while (next < value.values.length && value.values[next] === value.values[index]
        && (next === index || time.values[next] - time.values[next - 1] < 3000)) {
        next++;
      }
      const { text, color } = value.show(value.values[index]);
      const begin = x(time.values[index]);
      const width = x(time.values[next - 1] + 1000) - begin;
      result += `<rect x="${begin}" y="${top + band * 0.06}" width="${width}" height="${band * 0.88}" fill="${color}" fill-opacity="0.85"/>`;
      if (text.length * 7 + 8 < width) {
        result += `<text x="${begin + 5}" y="${top + band / 2 + 4}" style="fill:${onto(color)}">${escaped(text)}</text>`;
      }
      index = next;
    }
    return result;
  }).join('');
  return svgOf(size.width, height, svg + over + shapes);
}

function heatmap(panel, frames, size, from, to) {
  const height = size.height - 4;
  const buckets = frames.map(([time, value]) => ({ limit: Number(value.labels.le.replace('+Inf', 'Infinity')), time, value }))
    .sort((one, other) => one.limit - other.limit);
  const { inner, x, svg } = frame({ width: size.width, height, left: 60, start: from, end: to, marks: [] });
  const band = inner.height / Math.max(1, buckets.length);
  // Prometheus' buckets are cumulative; a cell has what is in its bucket and in none below.
  const cells = buckets.map(({ time, value }, row) => value.values.map((count, index) =>
    ({ time: time.values[index], row, count: count - (row ? buckets[row - 1].value.values[index] : 0) })));
  const most = Math.max(1e-9, ...cells.flat().map(({ count }) => count || 0));
  const show = (limit) => limit === Infinity ? '+Inf' : buckets[0].value.show(limit).text;
  const axis = buckets.map(({ limit }, row) => row % 2 && row !== buckets.length - 1 ? '' :
    `<text x="${inner.x - 5}" y="${inner.y + inner.height - band * (row + 0.5) + 4}" text-anchor="end">${show(limit)}</text>`).join('');
  const width = Math.max(2, (inner.width * 1000) / (to - from));
  const shapes = cells.flat().filter(({ count }) => count > 1e-9).map(({ time, row, count }) =>
    `<rect x="${x(time) - width}" y="${inner.y + inner.height - band * (row + 1) + 0.5}" width="${width + 0.3}" height="${band - 1}"
      fill="hsl(${40 - 25 * (count / most) ** 0.5}, 90%, ${25 + 40 * (count / most) ** 0.5}%)"/>`).join('');
  return svgOf(size.width, height, svg + shapes + axis);
}

function stat(panel, frames, size) {
  const value = frames[0]?.[1];
  if (!value) {
    return '<div class="nothing">No data</div>';
  }
  const { text, color } = value.show(value.values.at(-1));
  const words = panel.options.textMode === 'name' ? value.name : text;
  const font = Math.min(34, (size.width - 20) / (words.length * 0.6));
  return `<div class="stat" style="background:${color};color:${onto(color)};font-size:${font}px;height:${size.height - 4}px">${escaped(words)}</div>`;
}

function barGauge(panel, frames, size) {
  const items = frames.map(([, value]) => ({ value, last: value.values.at(-1) })).filter(({ last }) => Number.isFinite(last));
  const greatest = Math.max(1e-9, ...items.map(({ last }) => last));
  const height = Math.min(30, (size.height - 8) / Math.max(1, items.length));
  return items.map(({ value, last }) => {
    const { text, color } = value.show(last);
    return `<div class="bar" style="height:${height}px"><b>${escaped(value.name)}</b>
      <u><i style="width:${(100 * last) / greatest}%;background:${value.fixed ?? color}"></i></u><em>${escaped(text)}</em></div>`;
  }).join('') || '<div class="nothing">No data</div>';
}

function table(panel, frames) {
  const fields = frames[0];
  const [by] = panel.options.sortBy;
  const order = [...(fields[0]?.values ?? [])].map((_, index) => index);
  const key = fields.find(({ name }) => name === by?.displayName);
  if (key) {
    order.sort((one, other) => (key.values[other] ?? -1) - (key.values[one] ?? -1));
  }
  const cell = (field, row) => {
    const { text, color } = field.show(field.values[row]);
    const filled = field.config.custom?.cellOptions?.type === 'color-background' && text !== '' && color;
    const name = field.config.links?.length && text ? `<a>${escaped(text)}</a>` : escaped(text);
    return `<td class="${field.type}" style="${filled ? `background:${color};color:${onto(color)}` : ''}">${name}</td>`;
  };
  return `<table><tr>${fields.map(({ name, type }) => `<th class="${type}">${escaped(name)}</th>`).join('')}</tr>${
    order.map((row) => `<tr>${fields.map((field) => cell(field, row)).join('')}</tr>`).join('')}</table>`;
}

module.exports = { timeSeries, stateTimeline, heatmap, stat, barGauge, table, escaped, TEXT };
