// What Grafana's own library (@grafana/data) makes of the answers: frames, transformations, overrides, words and colours.
'use strict';
// The library expects a browser, and asks it for its language.
globalThis.navigator ??= { language: 'en-GB', languages: ['en-GB'] };
const data = require('@grafana/data');
globalThis.window ??= {};

const theme = data.createTheme({ colors: { mode: 'dark' } });

const property = (id) => ({
  id, path: id, name: id, process: (value) => value, shouldApply: () => true, override: () => null, editor: () => null,
});
const STANDARD = ['unit', 'decimals', 'min', 'max', 'mappings', 'thresholds', 'color', 'links', 'displayName', 'noValue'];
data.standardFieldConfigEditorRegistry.setInit(() => STANDARD.map(property));
const registry = new data.FieldConfigOptionsRegistry(() => [
  ...STANDARD.map(property),
  ...['cellOptions', 'width'].map((id) => ({ ...property(`custom.${id}`), path: id, isCustom: true })),
]);
data.standardTransformersRegistry.setInit(() => Object.entries({ merge: 'mergeTransformer', organize: 'organizeFieldsTransformer' }).map(([id, name]) => ({
  id, name: id, editor: () => null, transformation: async () => data.standardTransformers[name],
})));

const legend = (pattern, labels) => {
  if (pattern !== '__auto') {
    return pattern.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, name) => labels[name] ?? '').trim();
  }
  return Object.values(labels).join(' ') || 'value';
};

// One frame for each series, as the Prometheus datasource makes them.
function seriesFrames(target, series) {
  return series.map(({ metric, values, value }) => {
    const points = values ?? [value];
    return data.toDataFrame({
      refId: target.refId,
      fields: [
        { name: 'Time', type: data.FieldType.time, values: points.map((point) => point[0] * 1000) },
        {
          name: 'Value', type: data.FieldType.number, values: points.map((point) => Number(point[1])), labels: metric,
          config: { displayNameFromDS: legend(target.legendFormat, metric) },
        },
      ],
    });
  });
}

// One frame for each query: a column for each label, and the value.
function tableFrame(target, series, queries) {
  const labels = [...new Set(series.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return data.toDataFrame({
    refId: target.refId,
    fields: [
      { name: 'Time', type: data.FieldType.time, values: series.map(() => 0) },
      ...labels.map((name) => ({ name, type: data.FieldType.string, values: series.map(({ metric }) => metric[name] ?? '') })),
      {
        name: queries > 1 ? `Value #${target.refId}` : 'Value', type: data.FieldType.number,
        values: series.map(({ value }) => Number(value[1])),
      },
    ],
  });
}

function overridden(panel, frames) {
  return data.applyFieldOverrides({
    data: frames, theme, timeZone: 'utc', fieldConfig: panel.fieldConfig, fieldConfigRegistry: registry,
    replaceVariables: (text) => text,
  });
}

// All fields of a panel with their values, ready to be shown.
async function fields(panel, answers) {
  let frames = [];
  panel.targets.forEach((target, index) => {
    const series = answers[index];
    frames.push(...(target.format === 'table' ? [tableFrame(target, series, panel.targets.length)] : seriesFrames(target, series)));
  });
  if (panel.transformations.length) {
    frames = await new Promise((resolve) => {
      data.transformDataFrame(panel.transformations, frames).subscribe(resolve);
    });
  }
  return overridden(panel, frames).map((frame) => frame.fields.map((field) => ({
    name: data.getFieldDisplayName(field, frame, undefined), type: field.type, values: field.values, labels: field.labels ?? {},
    config: field.config, show: (value) => shown(field, value),
    fixed: field.config.color?.mode === 'fixed' ? theme.visualization.getColorByName(field.config.color.fixedColor) : undefined,
  })));
}

function shown(field, value) {
  if (value === null || value === undefined || Number.isNaN(value)) {
    return { text: '', color: undefined };
  }
  const display = field.display(value);
  return { text: data.formattedValueToString(display), color: display.color };
}

// The marks that Grafana would set: one for each time that a series has as its value, those within a step being one.
function marks({ annotation, series }, start, end) {
  const times = new Set(series.flatMap(({ values }) => values.map((value) => Math.floor(Number(value[1])))));
  const colour = theme.visualization.getColorByName(annotation.iconColor);
  return [...times].filter((time) => time >= start && time <= end).map((time) => ({ time, colour }));
}

const palette = theme.visualization.palette.map((name) => theme.visualization.getColorByName(name));

// Black or white, whichever can be read on that colour.
const onto = (colour) => theme.colors.getContrastText(colour);

module.exports = { fields, marks, palette, onto };
